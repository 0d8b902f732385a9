//! What is said at the door. Nothing here depends on what the server holds.

use hyper::StatusCode;

use crate::http::Refusal;
use crate::openapi::Code;

/// What anybody may hear who is not let in.
pub(crate) const DOOR: &[Code] = &[
    (StatusCode::UNAUTHORIZED, "not_logged_in"),
    (StatusCode::FORBIDDEN, "foreign_user"),
    (StatusCode::FORBIDDEN, "wrong_origin"),
    (StatusCode::MISDIRECTED_REQUEST, "wrong_host"),
];

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
