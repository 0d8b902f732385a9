//! `POST /v1/clusters/{ref}/scale {workers}`: wants so many workers.

use axum::Json;
use axum::extract::State;
use caddis_types::api::{ClusterView, ScaleWish};
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About =
    About::new("scale_cluster", "Wants so many workers. The load does not move the number again.").refuses(&[
        codes::FIND,
        codes::CHANGE,
        &[(StatusCode::CONFLICT, "above_pool"), (StatusCode::CONFLICT, "cluster_ended")],
    ]);

pub(super) async fn scale(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Wish(wish): Wish<ScaleWish>,
) -> Result<Json<ClusterView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.scale_cluster(&caller, &reference, wish.workers).await?;
    Ok(Json(engine.cluster_view(&record).await?))
}
