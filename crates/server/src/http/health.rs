//! `GET /healthz`: the process lives. `GET /readyz`: and its database answers. Anybody may ask; nothing else is told.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use serde_json::json;

use crate::face::Face;
use crate::openapi::{About, Answers, Operation, Routes};

const ALIVE: About = About::new("healthz", "The process lives.");
const READY: About = About::new("readyz", "The process lives, and its database answers.");

pub(super) fn routes() -> Routes {
    Routes::of("health").get("/healthz", alive, &ALIVE).get("/readyz", ready, &READY)
}

/// A line of text for whoever watches over this process.
struct Health(StatusCode, &'static str);

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl Answers for Health {
    fn describe(operation: &mut Operation<'_>) {
        let text = json!({"text/plain": {"schema": {"type": "string"}}});
        operation.answers(StatusCode::OK, "It is well.", text.clone());
        operation.answers(StatusCode::SERVICE_UNAVAILABLE, "It ends, or its database does not answer.", text);
    }
}

async fn alive() -> Health {
    Health(StatusCode::OK, "ok\n")
}

async fn ready(State(face): State<Face>) -> Health {
    match face.assembly.engine.ports.store.setting("ready").await {
        Ok(_) if !face.shutdown.begun() => Health(StatusCode::OK, "ok\n"),
        Ok(_) => Health(StatusCode::SERVICE_UNAVAILABLE, "ending\n"),
        Err(_) => Health(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
