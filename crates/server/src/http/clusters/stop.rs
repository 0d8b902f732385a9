//! `POST /v1/clusters/{ref}/stop`: wishes the end of a cluster. May be repeated, also after the end.

use axum::Json;
use axum::extract::State;
use caddis_types::api::ClusterView;
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::{Nothing, Wish};
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About =
    About::new("stop_cluster", "Wishes the end of a cluster. May be repeated, also after the end.").refuses(&[
        codes::FIND,
        codes::CHANGE,
        &[(StatusCode::CONFLICT, "cluster_ended")],
    ]);

pub(super) async fn stop(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    _: Wish<Nothing>,
) -> Result<Json<ClusterView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.stop_cluster(&caller, &reference).await?;
    Ok(Json(engine.cluster_view(&record).await?))
}
