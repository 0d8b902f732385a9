//! `POST /v1/google`: serves Google's clients from now on, and says where they find us; only on the Unix socket.

use axum::Json;
use axum::extract::State;
use caddis_types::api::GoogleView;
use hyper::StatusCode;

use crate::auth::Operator;
use crate::face::Face;
use crate::google;
use crate::http::Refusal;
use crate::openapi::{About, Routes};

const ABOUT: About =
    About::new("open_google", "Serves Google's clients from now on, and says where they find the server.")
        .refuses(&[&[(StatusCode::SERVICE_UNAVAILABLE, "google")]]);

pub(super) fn routes() -> Routes {
    Routes::of("google").post("/v1/google", open, &ABOUT)
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
        storage_secret_file: text(here.storage_secret()),
        project: here.project.to_owned(),
    }))
}
