//! `GET /v1/jobs?active=&limit=`: the caller's jobs, newest first. A limit of 0 means all.

use axum::Json;
use axum::extract::State;
use caddis_types::api::JobView;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::query::Query;
use crate::openapi::About;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Which {
    /// Only those that have not ended.
    active: bool,
    /// At most so many; 0 means all.
    limit: u32,
}

pub(super) const ABOUT: About = About::new("list_jobs", "The caller's jobs, newest first.");

pub(super) async fn list(
    State(face): State<Face>,
    Who(caller): Who,
    Query(which): Query<Which>,
) -> Result<Json<Vec<JobView>>, Refusal> {
    let engine = &face.assembly.engine;
    let mut views = Vec::new();
    for record in engine.jobs(&caller, which.active, which.limit).await? {
        views.push(engine.job_view(&record).await?);
    }
    Ok(Json(views))
}
