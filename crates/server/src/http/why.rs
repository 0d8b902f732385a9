//! `GET /v1/why/{ref}`: why a job or a cluster is as it is, the most direct reason first.

use axum::Json;
use axum::extract::State;
use caddis_types::api::WhyView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, Routes, codes};

const ABOUT: About =
    About::new("why", "Why a job or a cluster is as it is, the most direct reason first.").refuses(&[codes::FIND]);

pub(super) fn routes() -> Routes {
    Routes::of("why").get("/v1/why/{reference}", why, &ABOUT)
}

async fn why(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
) -> Result<Json<WhyView>, Refusal> {
    let (subject, reasons) = face.assembly.engine.why(&caller, &reference).await?;
    Ok(Json(WhyView { subject, reasons }))
}
