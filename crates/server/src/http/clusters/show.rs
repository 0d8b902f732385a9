//! `GET /v1/clusters/{ref}?after_generation=G&wait_ms=N`: one cluster. With a generation it answers as soon as the
//! cluster's is above it, as soon as the cluster has ended, or when the time is over.

use axum::Json;
use axum::extract::State;
use caddis_core::record::ClusterRecord;
use caddis_engine::calls::Caller;
use caddis_types::api::ClusterView;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::longpoll::{Patience, Wait};
use crate::http::path::Path;
use crate::http::query::Query;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About = About::new("show_cluster", "One cluster. With a generation it answers as soon as the cluster's is above it, the cluster has ended, or the time is over.").refuses(&[codes::FIND]);

pub(super) async fn show(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Query(wait): Query<Wait>,
) -> Result<Json<ClusterView>, Refusal> {
    let record = changed(&face, &caller, &reference, wait).await?;
    Ok(Json(face.assembly.engine.cluster_view(&record).await?))
}

async fn changed(face: &Face, caller: &Caller, reference: &str, wait: Wait) -> Result<ClusterRecord, Refusal> {
    let engine = &face.assembly.engine;
    let found = engine.find_cluster(caller, reference).await?;
    let Some(after) = wait.after_generation else { return Ok(found) };
    let patience = Patience::new(wait.wait_ms);
    let mut watch = face.assembly.hub.watch(found.id.as_str());
    loop {
        let record = engine.find_cluster(caller, found.id.as_str()).await?;
        if record.generation > after || record.state.is_ended() || !patience.wait(face, &mut watch).await {
            return Ok(record);
        }
    }
}
