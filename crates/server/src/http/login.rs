//! `POST /v1/login-links {next}`: a link that logs a browser in, once; only on the Unix socket.
//! `GET /login?code=`: uses it up, gives the browser its cookie, and leads on.

use std::time::Instant;

use axum::extract::State;
use caddis_types::api::{LoginLinkView, LoginLinkWish};
use hyper::header::{LOCATION, SET_COOKIE};
use hyper::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::{LINK_VALID, Operator, cookies};
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::http::query::Query;
use crate::openapi::{About, Created, Kind, Raw, Routes};

const LINK: About =
    About::new("make_login_link", "Makes a link that logs a browser in, once. Only on the Unix socket.")
        .refuses(&[&[(StatusCode::BAD_REQUEST, "bad_next"), (StatusCode::SERVICE_UNAVAILABLE, "no_port")]]);
const LOGIN: About =
    About::new("login", "Uses a login link up, gives the browser its cookie, and leads on.").refuses(&[&[
        (StatusCode::FORBIDDEN, "foreign_user"),
        (StatusCode::FORBIDDEN, "link_used_up"),
        (StatusCode::FORBIDDEN, "wrong_origin"),
        (StatusCode::METHOD_NOT_ALLOWED, "no_such_method"),
        (StatusCode::MISDIRECTED_REQUEST, "wrong_host"),
    ]]);

pub(super) fn routes() -> Routes {
    Routes::of("login").post("/v1/login-links", link, &LINK).get("/login", login, &LOGIN)
}

/// Leads a browser on, with its cookie.
struct LoggedIn;

impl Kind for LoggedIn {
    const STATUS: StatusCode = StatusCode::SEE_OTHER;
    const SENTENCE: &'static str = "The browser is logged in.";
    const MEDIA: &'static [&'static str] = &[];
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("location", "Where to go on: a path of this server."), ("set-cookie", "The session.")];
}

async fn link(
    State(face): State<Face>,
    Operator(caller): Operator,
    Wish(wish): Wish<LoginLinkWish>,
) -> Result<Created<LoginLinkView>, Refusal> {
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
    Ok(Created(LoginLinkView { url: format!("{base}/login?code={code}"), valid_ms }))
}

/// A path that stays here: browsers take `//host` and `/\host` for another server.
fn is_path(next: &str) -> bool {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && next.starts_with('/') && !next.starts_with("//")
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// What the link holds.
    code: String,
}

async fn login(
    State(face): State<Face>,
    method: Method,
    Query(Code { code }): Query<Code>,
) -> Result<Raw<LoggedIn>, Refusal> {
    // A program that only looks where a link leads must not use it up.
    if method != Method::GET {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", "a login is a `GET`"));
    }
    let port = face.port.get().copied().unwrap_or_default();
    match face.sessions.login(&code, Instant::now()) {
        Some((secret, next)) => {
            let headers = [(LOCATION, next), (SET_COOKIE, cookies::set(port, &secret))];
            Ok(Raw::new((StatusCode::SEE_OTHER, headers)))
        }
        None => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "link_used_up",
            "this link was used already, or is older than a minute\nhint: `caddis dashboard` makes a new one",
        )),
    }
}
