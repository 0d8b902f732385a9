//! `POST /v1/jobs`: takes a job. With a `request_key` the request may be repeated; the first one's job is answered.

use axum::Json;
use axum::extract::State;
use caddis_types::api::{JobView, JobWish};
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;

pub(super) async fn submit(
    State(face): State<Face>,
    Who(caller): Who,
    Wish(wish): Wish<JobWish>,
) -> Result<(StatusCode, Json<JobView>), Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.submit_job(&caller, wish).await?;
    face.activity.touch();
    Ok((StatusCode::CREATED, Json(engine.job_view(&record).await?)))
}
