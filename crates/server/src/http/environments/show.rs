//! `GET /v1/environments/{id}`: one Python environment, by its id or the beginning of it.

use axum::Json;
use axum::extract::State;
use caddis_types::api::EnvironmentView;

use super::find;
use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::About;

pub(super) const ABOUT: About =
    About::new("show_environment", "One Python environment.").refuses(&[super::REFUSES, super::FIND]);

pub(super) async fn show(
    State(face): State<Face>,
    _: Who,
    Path(id): Path<String>,
) -> Result<Json<EnvironmentView>, Refusal> {
    Ok(Json(find(&face, &id).await?))
}
