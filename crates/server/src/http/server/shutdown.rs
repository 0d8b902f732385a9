//! `POST /v1/shutdown {force}`: ends this process. What runs goes on, and the next server adopts it; so that nobody
//! takes it for a stop of everything, it is refused while something is active, unless forced.

use axum::Json;
use axum::extract::State;
use caddis_types::api::ShutdownWish;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::Operator;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::openapi::About;

pub(super) const ABOUT: About =
    About::new("shut_down", "Ends the server; what runs goes on, and the next server adopts it.")
        .refuses(&[&[(StatusCode::CONFLICT, "active")]]);

/// It will end.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ending {}

pub(super) async fn shutdown(
    State(face): State<Face>,
    Operator(caller): Operator,
    Wish(wish): Wish<ShutdownWish>,
) -> Result<Json<Ending>, Refusal> {
    let (jobs, clusters) = face.active().await?;
    if !wish.force && jobs + clusters > 0 {
        let (jobs, clusters) = (count(jobs, "job"), count(clusters, "cluster"));
        let text = format!(
            "{jobs} and {clusters} are active\nhint: with `force` the server ends and they go on; \
             `caddis job cancel` and `caddis cluster stop` end them"
        );
        return Err(Refusal::conflict("active", text));
    }
    tracing::info!(by = caller.owner, jobs, clusters, "the server was asked to end");
    face.shutdown.begin();
    Ok(Json(Ending {}))
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
