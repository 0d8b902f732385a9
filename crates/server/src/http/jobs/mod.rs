//! Jobs.

mod cancel;
mod events;
mod list;
mod logs;
mod retry;
mod show;
mod stdin;
mod submit;

use axum::Router;
use axum::routing::{get, post, put};

use crate::face::Face;

pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/v1/jobs", post(submit::submit).get(list::list))
        .route("/v1/jobs/{reference}", get(show::show))
        .route("/v1/jobs/{reference}/cancel", post(cancel::cancel))
        .route("/v1/jobs/{reference}/retry", post(retry::retry))
        .route("/v1/jobs/{reference}/events", get(events::events))
        .route("/v1/jobs/{reference}/logs/{stream}", get(logs::logs))
        .route("/v1/jobs/{reference}/stdin", put(stdin::stdin))
}
