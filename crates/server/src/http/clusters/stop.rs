//! `POST /v1/clusters/{ref}/stop`: wishes the end of a cluster. May be repeated, also after the end.

use axum::Json;
use axum::extract::State;
use caddis_types::api::ClusterView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::{Nothing, Wish};
use crate::http::path::Path;

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
