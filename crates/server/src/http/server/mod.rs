//! The server itself and what it keeps.

mod prune;
mod show;
mod shutdown;

use axum::Router;
use axum::routing::{get, post};

use crate::face::Face;

pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/v1/server", get(show::show))
        .route("/v1/prune", post(prune::prune))
        .route("/v1/shutdown", post(shutdown::shutdown))
}
