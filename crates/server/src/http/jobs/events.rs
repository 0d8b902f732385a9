//! `GET /v1/jobs/{ref}/events`: what happened to a job, oldest first.

use axum::Json;
use axum::extract::State;
use caddis_types::api::EventView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, codes};

/// More than any job has.
const MOST: u32 = 10_000;

pub(super) const ABOUT: About =
    About::new("list_job_events", "What happened to a job, oldest first.").refuses(&[codes::FIND]);

pub(super) async fn events(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
) -> Result<Json<Vec<EventView>>, Refusal> {
    let engine = &face.assembly.engine;
    let job = engine.find_job(&caller, &reference).await?;
    Ok(Json(engine.ports.store.events(0, Some(job.id.as_str()), MOST).await?))
}
