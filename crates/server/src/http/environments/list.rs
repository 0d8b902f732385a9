//! `GET /v1/environments`: the Python environments that Caddis keeps.

use axum::Json;
use axum::extract::State;
use caddis_types::api::EnvironmentView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::openapi::About;

pub(super) const ABOUT: About =
    About::new("list_environments", "The Python environments that Caddis keeps.").refuses(&[super::REFUSES]);

pub(super) async fn list(State(face): State<Face>, _: Who) -> Result<Json<Vec<EnvironmentView>>, Refusal> {
    Ok(Json(face.assembly.environments.list().await?))
}
