//! `POST /v1/clusters/{ref}/adapt {workers?}`: lets the load decide how many workers there are.

use axum::Json;
use axum::extract::State;
use caddis_types::api::{AdaptWish, ClusterView};
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About =
    About::new("adapt_cluster", "Lets the load decide how many workers there are, within a range.").refuses(&[
        codes::FIND,
        codes::CHANGE,
        &[
            (StatusCode::BAD_REQUEST, "workers"),
            (StatusCode::CONFLICT, "cluster_ended"),
            (StatusCode::CONFLICT, "minimum_above_pool"),
            (StatusCode::CONFLICT, "no_range"),
        ],
    ]);

pub(super) async fn adapt(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Wish(wish): Wish<AdaptWish>,
) -> Result<Json<ClusterView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.adapt_cluster(&caller, &reference, wish.workers).await?;
    Ok(Json(engine.cluster_view(&record).await?))
}
