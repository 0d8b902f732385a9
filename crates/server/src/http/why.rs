//! `GET /v1/why/{ref}`: why a job or a cluster is as it is, the most direct reason first.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use caddis_types::api::WhyView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;

pub(super) fn routes() -> Router<Face> {
    Router::new().route("/v1/why/{reference}", get(why))
}

async fn why(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
) -> Result<Json<WhyView>, Refusal> {
    let (subject, reasons) = face.assembly.engine.why(&caller, &reference).await?;
    Ok(Json(WhyView { subject, reasons }))
}
