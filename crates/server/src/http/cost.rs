//! `GET /v1/cost?by=&tag=&since=&until=&everybody=`: what was used and what it cost.

use axum::Json;
use axum::extract::State;
use caddis_engine::calls::CostQuestion;
use caddis_types::Timestamp;
use caddis_types::api::{CostBy, CostView};
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Sight;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::query::Query;
use crate::openapi::{About, Routes};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Which {
    /// What it is grouped by.
    by: CostBy,
    /// Which tag, when grouped by one.
    tag: Option<String>,
    /// From when, microseconds since 1970; the beginning of the current month by default.
    since: Option<Timestamp>,
    /// Until when, microseconds since 1970; now by default.
    until: Option<Timestamp>,
    /// Everybody's costs, not only the caller's; for whoever runs the server.
    everybody: bool,
}

const ABOUT: About = About::new("cost", "What was used and what it cost: living processes are counted until now.")
    .refuses(&[&[(StatusCode::BAD_REQUEST, "bad_span"), (StatusCode::BAD_REQUEST, "bad_tag")]]);

pub(super) fn routes() -> Routes {
    Routes::of("cost").get("/v1/cost", cost, &ABOUT)
}

async fn cost(State(face): State<Face>, sight: Sight, Query(which): Query<Which>) -> Result<Json<CostView>, Refusal> {
    let Which { by, tag, since, until, everybody } = which;
    let caller = if everybody { sight.of_all()? } else { sight.own() };
    let question = CostQuestion { by, tag, since, until, everybody };
    Ok(Json(face.assembly.engine.cost(&caller, question).await?))
}
