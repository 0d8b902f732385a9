//! `DELETE /v1/environments/{id}`: removes one that nothing uses, by its id or the beginning of it.

use axum::extract::State;
use hyper::StatusCode;

use super::find;
use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;

pub(super) async fn remove(State(face): State<Face>, _: Who, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    let found = find(&face, &id).await?;
    face.assembly.environments.remove(&found.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
