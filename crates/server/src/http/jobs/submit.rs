//! `POST /v1/jobs`: takes a job. With a `request_key` the request may be repeated; the first one's job is answered.

use axum::extract::State;
use caddis_types::api::{JobView, JobWish};

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::openapi::{About, Created, codes};

pub(super) const ABOUT: About = About::new(
    "submit_job",
    "Takes a job. With a `request_key` the request may be repeated; the first one's job is answered.",
)
.refuses(&[codes::FIND, codes::NAMES, codes::SHAPE, codes::JOB, codes::PROGRAM]);

pub(super) async fn submit(
    State(face): State<Face>,
    Who(caller): Who,
    Wish(wish): Wish<JobWish>,
) -> Result<Created<JobView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.submit_job(&caller, wish).await?;
    face.activity.touch();
    Ok(Created(engine.job_view(&record).await?))
}
