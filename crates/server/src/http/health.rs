//! `GET /healthz`: the process lives. `GET /readyz`: and its database answers. Anybody may ask; nothing else is told.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use hyper::StatusCode;

use crate::face::Face;

pub(super) fn routes() -> Router<Face> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(face): State<Face>) -> (StatusCode, &'static str) {
    match face.assembly.engine.ports.store.setting("ready").await {
        Ok(_) if !face.shutdown.begun() => (StatusCode::OK, "ok\n"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "ending\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
