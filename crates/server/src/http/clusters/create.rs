//! `POST /v1/clusters`: makes a cluster that outlives its jobs.

use axum::extract::State;
use caddis_engine::ports::Notifier;
use caddis_types::api::{ClusterView, ClusterWish};
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::openapi::{About, Created, codes};

pub(super) const ABOUT: About = About::new("create_cluster", "Makes a cluster that outlives its jobs.").refuses(&[
    codes::FIND,
    codes::NAMES,
    codes::SHAPE,
    &[(StatusCode::BAD_REQUEST, "bad_setup"), (StatusCode::CONFLICT, "conflict")],
]);

pub(super) async fn create(
    State(face): State<Face>,
    Who(caller): Who,
    Wish(wish): Wish<ClusterWish>,
) -> Result<Created<ClusterView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.create_cluster(&caller, wish).await?;
    face.assembly.hub.changed(record.id.as_str());
    face.activity.touch();
    Ok(Created(engine.cluster_view(&record).await?))
}
