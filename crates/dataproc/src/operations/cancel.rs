//! `CancelOperation` and `DeleteOperation`.

use caddis_googleapis::longrunning::{CancelOperationRequest, DeleteOperationRequest};

use super::{get, render};
use crate::documents::{self, About, ClusterWork};
use crate::face::Dataproc;
use crate::iam;
use crate::wire::{Asked, Code, Status};
use crate::workflows;

/// Ends what an operation makes: a cluster that is being created, a job. What cannot be taken back goes on, as on
/// Google, and the answer is the same.
pub(super) async fn cancel(face: &Dataproc, asked: Asked<CancelOperationRequest>) -> Result<(), Status> {
    documents::again(|| attempt(face, &asked)).await
}

async fn attempt(face: &Dataproc, asked: &Asked<CancelOperationRequest>) -> Result<(), Status> {
    let found = get::find(face, &asked.message.name).await?;
    if render::operation(face, &found).await?.done || found.body.cancelled_at.is_some() {
        return Ok(());
    }
    let mut document = found.body.clone();
    document.cancelled_at = Some(face.now());
    let write = documents::write(&found.key, found.generation, &document);
    match &found.body.about {
        About::Cluster { what: ClusterWork::Create | ClusterWork::Start, cluster, .. } => {
            face.engine.stop_cluster_with(&asked.caller, cluster.as_str(), vec![write]).await?;
        }
        About::Cluster { .. } => {}
        About::Workflow { key } => workflows::cancel(face, key).await?,
        About::Job { id, .. } => {
            face.engine.write_documents(vec![write]).await?;
            face.engine.cancel_job(&asked.caller, id, false).await?;
        }
    }
    Ok(())
}

/// Forgets an operation that is done.
pub(super) async fn delete(face: &Dataproc, asked: Asked<DeleteOperationRequest>) -> Result<(), Status> {
    let found = get::find(face, &asked.message.name).await?;
    if !render::operation(face, &found).await?.done {
        let text = format!("Operation {} is not done; cancel it first", asked.message.name);
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let mut writes = vec![documents::remove(&found)];
    writes.extend(iam::forget(face, "operations", &found.key).await?);
    if let About::Workflow { key } = &found.body.about {
        writes.extend(workflows::forget(face, key).await?);
    }
    Ok(face.engine.write_documents(writes).await?)
}
