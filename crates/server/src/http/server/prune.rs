//! `POST /v1/prune {dry_run, older_than_ms}`: removes what is not needed any more, or says what would go.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use caddis_types::api::{PruneView, PruneWish};

use crate::auth::Operator;
use crate::boot::retention;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::json::Wish;
use crate::openapi::About;

pub(super) const ABOUT: About = About::new("prune", "Removes what is not needed any more, or says what would go.")
    .refuses(&[crate::http::environments::REFUSES]);

pub(super) async fn prune(
    State(face): State<Face>,
    _: Operator,
    Wish(wish): Wish<PruneWish>,
) -> Result<Json<PruneView>, Refusal> {
    let keep = wish.older_than_ms.map_or(face.assembly.retention, Duration::from_millis);
    let removed = match wish.dry_run {
        true => retention::would_remove(&face.assembly, keep).await?,
        false => retention::remove(&face.assembly, keep).await?,
    };
    let leftovers = match wish.dry_run {
        true => retention::leftovers(&face.assembly).await?,
        false => caddis_engine::tasks::sweep(&face.assembly.engine.ports).await?,
    };
    let environments = face.assembly.environments.prune(keep, wish.dry_run).await?;
    let (jobs, clusters) = (removed.jobs, removed.clusters);
    Ok(Json(PruneView { dry_run: wish.dry_run, jobs, clusters, environments, leftovers }))
}
