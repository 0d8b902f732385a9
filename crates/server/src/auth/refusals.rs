//! What is said at the door. Nothing here depends on what the server holds.

use axum::response::{Html, IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderMap};

use crate::http::Refusal;

const LOGIN_PAGE: &str = include_str!("login.html");

pub(super) fn foreign() -> Refusal {
    let text = "this port answers only to processes of the user who runs it";
    Refusal::new(StatusCode::FORBIDDEN, "foreign_user", text)
}

pub(super) fn not_logged_in() -> Refusal {
    let text = "this browser is not logged in\nhint: `caddis dashboard` on this machine opens it with a login";
    Refusal::new(StatusCode::UNAUTHORIZED, "not_logged_in", text)
}

pub(super) fn host() -> Refusal {
    let text = "the `Host` of the request is not this server's\nhint: use the address that `caddis dashboard` prints";
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", text)
}

pub(super) fn origin() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "wrong_origin", "the request was made by a page of another site")
}

pub(super) fn origin_missing() -> Refusal {
    let text = "a change by cookie must name its `Origin`\nhint: without a browser use `Authorization: Bearer`";
    Refusal::new(StatusCode::FORBIDDEN, "no_origin", text)
}

/// A person in front of a browser gets a page that says what to do; everything else the problem itself.
pub(super) fn shown(refusal: Refusal, headers: &HeaderMap) -> Response {
    let html = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    if html && refusal.status == StatusCode::UNAUTHORIZED {
        return (refusal.status, Html(LOGIN_PAGE)).into_response();
    }
    refusal.into_response()
}
