//! Python environments.

mod list;
mod remove;
mod show;

use caddis_types::api::EnvironmentView;
use hyper::StatusCode;

use crate::EnvironmentError;
use crate::face::Face;
use crate::http::Refusal;
use crate::openapi::{Code, Routes};

pub(super) fn routes() -> Routes {
    Routes::of("environments")
        .get("/v1/environments", list::list, &list::ABOUT)
        .get("/v1/environments/{id}", show::show, &show::ABOUT)
        .delete("/v1/environments/{id}", remove::remove, &remove::ABOUT)
}

/// The environments cannot be looked at, or changed.
pub(super) const REFUSES: &[Code] = &[
    (StatusCode::SERVICE_UNAVAILABLE, "disk_full"),
    (StatusCode::SERVICE_UNAVAILABLE, "home_not_writable"),
    (StatusCode::SERVICE_UNAVAILABLE, "io"),
];

/// There is no such environment, or there are several.
const FIND: &[Code] = &[(StatusCode::NOT_FOUND, "not_found"), (StatusCode::CONFLICT, "ambiguous")];

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
