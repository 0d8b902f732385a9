//! `POST /v1/jobs/{ref}/cancel {hurry}`: wishes the end of a job. May be repeated, also after the end.

use axum::Json;
use axum::extract::State;
use caddis_types::api::{CancelWish, JobView};

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About =
    About::new("cancel_job", "Wishes the end of a job. May be repeated, also after the end.")
        .refuses(&[codes::FIND, codes::CHANGE]);

pub(super) async fn cancel(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Wish(wish): Wish<CancelWish>,
) -> Result<Json<JobView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.cancel_job(&caller, &reference, wish.hurry).await?;
    Ok(Json(engine.job_view(&record).await?))
}
