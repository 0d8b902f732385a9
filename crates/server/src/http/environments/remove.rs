//! `DELETE /v1/environments/{id}`: removes one that nothing uses, by its id or the beginning of it.

use axum::extract::State;
use hyper::StatusCode;

use super::find;
use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, Done};

pub(super) const ABOUT: About = About::new("remove_environment", "Removes a Python environment that nothing uses.")
    .refuses(&[super::REFUSES, super::FIND, &[(StatusCode::CONFLICT, "in_use")]]);

pub(super) async fn remove(State(face): State<Face>, _: Who, Path(id): Path<String>) -> Result<Done, Refusal> {
    let found = find(&face, &id).await?;
    face.assembly.environments.remove(&found.id).await?;
    Ok(Done)
}
