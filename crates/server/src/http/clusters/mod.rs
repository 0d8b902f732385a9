//! Clusters.

mod connection;
mod create;
mod list;
mod logs;
mod members;
mod scale;
mod show;
mod stop;

use axum::Router;
use axum::routing::{get, post};

use crate::face::Face;

pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/v1/clusters", post(create::create).get(list::list))
        .route("/v1/clusters/{reference}", get(show::show))
        .route("/v1/clusters/{reference}/scale", post(scale::scale))
        .route("/v1/clusters/{reference}/stop", post(stop::stop))
        .route("/v1/clusters/{reference}/connection", get(connection::connection))
        .route("/v1/clusters/{reference}/members", get(members::members))
        .route("/v1/clusters/{reference}/logs", get(logs::logs))
}
