//! `GET /v1/clusters/{ref}/decisions?after=&limit=`: decisions about a cluster's size with what they went by, oldest first.

use axum::Json;
use axum::extract::State;
use caddis_core::view;
use caddis_types::Timestamp;
use caddis_types::api::DecisionView;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::http::query::Query;
use crate::openapi::{About, codes};

/// Decisions of one answer, unless fewer are asked for.
const MOST: u32 = 1000;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Which {
    /// Only those after this moment.
    after: Timestamp,
    /// So many, 1000 at most, and whatever else is of the last one's moment.
    limit: Option<u32>,
}

pub(super) const ABOUT: About = About::new(
    "list_decisions",
    "Decisions about a cluster's size with what they went by, oldest first. The next ones come after the last one's moment.",
)
.refuses(&[codes::FIND]);

pub(super) async fn decisions(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<DecisionView>>, Refusal> {
    let limit = which.limit.unwrap_or(MOST).clamp(1, MOST);
    let rows = face.assembly.engine.decisions(&caller, &reference, which.after, limit).await?;
    Ok(Json(rows.iter().map(view::decision).collect()))
}
