//! `POST /v1/jobs/{ref}/retry`: submits an ended job again, as a new one with the same wishes.

use axum::extract::State;
use caddis_types::api::JobView;
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::{Nothing, Wish};
use crate::http::path::Path;
use crate::openapi::{About, Created, codes};

pub(super) const ABOUT: About =
    About::new("retry_job", "Submits an ended job again, as a new one with the same wishes.").refuses(&[
        codes::FIND,
        codes::NAMES,
        codes::SHAPE,
        codes::JOB,
        codes::PROGRAM,
        &[(StatusCode::CONFLICT, "not_ended")],
    ]);

pub(super) async fn retry(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    _: Wish<Nothing>,
) -> Result<Created<JobView>, Refusal> {
    let engine = &face.assembly.engine;
    let record = engine.repeat_job(&caller, &reference).await?;
    face.activity.touch();
    Ok(Created(engine.job_view(&record).await?))
}
