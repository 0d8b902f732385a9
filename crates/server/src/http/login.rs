//! `POST /v1/login-links {next}`: a link that logs a browser in, once; only on the Unix socket.
//! `GET /login?code=`: uses it up, gives the browser its cookie, and leads on.

use std::time::Instant;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use caddis_types::api::{LoginLinkView, LoginLinkWish};
use hyper::header::{LOCATION, SET_COOKIE};
use hyper::{Method, StatusCode};
use serde::Deserialize;

use crate::auth::{LINK_VALID, Operator, cookies};
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::http::query::Query;

pub(super) fn routes() -> Router<Face> {
    Router::new().route("/v1/login-links", post(link)).route("/login", get(login))
}

async fn link(
    State(face): State<Face>,
    Operator(caller): Operator,
    Wish(wish): Wish<LoginLinkWish>,
) -> Result<(StatusCode, Json<LoginLinkView>), Refusal> {
    let next = wish.next.unwrap_or_else(|| "/".to_owned());
    if !is_path(&next) {
        let text = format!("`{next}` is not a path of this server\nhint: write for example `/clusters/cl_…/status`");
        return Err(Refusal::invalid("bad_next", text));
    }
    let base = face.base().ok_or_else(|| {
        Refusal::unavailable("no_port", "the server has no port for browsers\nhint: its log says why")
    })?;
    let code = face.sessions.link(&caller, next, Instant::now());
    let valid_ms = u64::try_from(LINK_VALID.as_millis()).unwrap_or(u64::MAX);
    Ok((StatusCode::CREATED, Json(LoginLinkView { url: format!("{base}/login?code={code}"), valid_ms })))
}

/// A path that stays here: browsers take `//host` and `/\host` for another server.
fn is_path(next: &str) -> bool {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && next.starts_with('/') && !next.starts_with("//")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

async fn login(
    State(face): State<Face>,
    method: Method,
    Query(Code { code }): Query<Code>,
) -> Result<Response, Refusal> {
    // A program that only looks where a link leads must not use it up.
    if method != Method::GET {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", "a login is a `GET`"));
    }
    let port = face.port.get().copied().unwrap_or_default();
    match face.sessions.login(&code, Instant::now()) {
        Some((secret, next)) => {
            let headers = [(LOCATION, next), (SET_COOKIE, cookies::set(port, &secret))];
            Ok((StatusCode::SEE_OTHER, headers).into_response())
        }
        None => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "link_used_up",
            "this link was used already, or is older than a minute\nhint: `caddis dashboard` makes a new one",
        )),
    }
}
