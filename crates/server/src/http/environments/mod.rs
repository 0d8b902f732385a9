//! Python environments.

mod list;
mod remove;
mod show;

use axum::Router;
use axum::routing::get;
use caddis_types::api::EnvironmentView;

use crate::EnvironmentError;
use crate::face::Face;
use crate::http::Refusal;

pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/v1/environments", get(list::list))
        .route("/v1/environments/{id}", get(show::show).delete(remove::remove))
}

/// The one environment whose id begins so.
async fn find(face: &Face, id: &str) -> Result<EnvironmentView, Refusal> {
    let mut all = face.assembly.environments.list().await?;
    all.retain(|environment| !id.is_empty() && environment.id.starts_with(id));
    if let Some(exact) = all.iter().position(|environment| environment.id == id) {
        return Ok(all.swap_remove(exact));
    }
    match (all.pop(), all.len()) {
        (Some(environment), 0) => Ok(environment),
        (None, _) => Err(EnvironmentError::NotFound(id.to_owned()).into()),
        (Some(_), more) => Err(Refusal::conflict(
            "ambiguous",
            format!("{} environments begin with `{id}`\nhint: write more of the id", more + 1),
        )),
    }
}

impl From<EnvironmentError> for Refusal {
    fn from(error: EnvironmentError) -> Refusal {
        match error {
            EnvironmentError::NotFound(_) => {
                Refusal::not_found(format!("{error}\nhint: `caddis environment list` shows those there are"))
            }
            EnvironmentError::InUse(text) => Refusal::conflict("in_use", text),
            EnvironmentError::Failed(error) => {
                let mut refusal = Refusal::unavailable("environments", error.message);
                (refusal.code, refusal.hint) = (error.code.into(), error.hint);
                refusal
            }
        }
    }
}
