//! `GET /`: a small page with the caller's jobs and clusters. It asks the API like everybody else; nothing in it
//! comes from elsewhere, and its own rules forbid the browser to load anything else.

pub(super) mod refusal;

use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};

use crate::auth::Who;
use crate::face::Face;

const RULES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/", get(index))
        .route("/page.js", get(|_: Who| async { asset("text/javascript; charset=utf-8", include_str!("page.js")) }))
        .route("/page.svg", get(|_: Who| async { asset("image/svg+xml", include_str!("page.svg")) }))
        .route("/page.css", get(|_: Who| async { asset("text/css; charset=utf-8", include_str!("page.css")) }))
}

async fn index(_: Who) -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, RULES), (X_FRAME_OPTIONS, "DENY")], Html(include_str!("index.html")))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}
