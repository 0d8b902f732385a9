//! `POST /v1/google`: serves Google's clients from now on, and says where they find us; only on the Unix socket.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use caddis_types::api::GoogleView;

use crate::auth::Operator;
use crate::face::Face;
use crate::google;
use crate::http::Refusal;

pub(super) fn routes() -> Router<Face> {
    Router::new().route("/v1/google", post(open))
}

async fn open(State(face): State<Face>, _: Operator) -> Result<Json<GoogleView>, Refusal> {
    let here = google::open(&face).await.map_err(|error| Refusal::unavailable("google", error.to_string()))?;
    let text = |path: std::path::PathBuf| path.display().to_string();
    Ok(Json(GoogleView {
        api_port: here.api_port,
        proxy_port: here.proxy_port,
        roots_file: text(here.roots()),
        key_file: text(here.key()),
        token_file: text(here.token()),
        project: here.project.to_owned(),
    }))
}
