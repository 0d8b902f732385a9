//! Writes down when what was asked of a cluster came true: that an update is done stays true when a worker dies later, and
//! a cluster that was stopped long ago has no record any more.
//!
//! What always holds: nobody is told that an update is done before that is written, in the cluster and in its operation
//! at once.

use std::sync::Arc;
use std::time::Duration;

use caddis_core::record::ClusterRecord;
use caddis_engine::ports::DocumentWrite;
use tokio::sync::watch;

use crate::clusters::{self, status};
use crate::documents::{self, ClusterDocument, OperationDocument, Read, TurningDocument, Wish};
use crate::face::Dataproc;
use crate::wire::{Code, Status};

/// How soon it is tried again beside somebody who changes the same.
const SOON: Duration = Duration::from_millis(20);
/// How soon what could not be read or written is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often everything is looked at without news.
const RESYNC: Duration = Duration::from_secs(30);

/// Looks at every change.
pub(crate) async fn run(face: &Arc<Dataproc>, mut changes: watch::Receiver<()>) {
    loop {
        changes.borrow_and_update();
        let span = match look(face).await {
            Ok(()) => RESYNC,
            Err(status) if status.code == Code::Aborted => SOON,
            Err(status) => {
                tracing::error!(error = status.message, "it cannot be written just now what became of changes of clusters");
                AGAIN
            }
        };
        tokio::select! {
            Ok(()) = changes.changed() => {}
            () = tokio::time::sleep(span) => {}
        }
    }
}

/// One look at all turns that are still to come true.
async fn look(face: &Dataproc) -> Result<(), Status> {
    for sign in documents::list::<TurningDocument>(&face.engine, "", "", 0).await? {
        let record = clusters::record(face, &sign.body.cluster).await?;
        let writes = writes(face, &sign, record.as_ref()).await?;
        face.engine.write_documents(writes).await?;
    }
    Ok(())
}

/// What is to be written of one; nothing while it is under way.
async fn writes(
    face: &Dataproc,
    sign: &Read<TurningDocument>,
    record: Option<&ClusterRecord>,
) -> Result<Vec<DocumentWrite>, Status> {
    let mut writes = vec![documents::remove(sign)];
    let found = documents::find::<ClusterDocument>(&face.engine, &sign.body.key).await?;
    let same = |read: &Read<ClusterDocument>| read.body.uuid == sign.body.uuid && read.body.turns.len() == sign.body.turns;
    let Some(mut cluster) = found.filter(same) else { return Ok(writes) };
    let Some(turn) = cluster.body.turns.last_mut() else { return Ok(writes) };
    let at = match status::settling(turn, record, face.now()) {
        status::Settling::Later => return Ok(Vec::new()),
        status::Settling::Never => return Ok(writes),
        status::Settling::At(at) => at,
    };
    turn.settled_at = Some(at);
    let update = turn.wish == Wish::Update;
    writes.push(documents::write(&cluster.key, cluster.generation, &cluster.body));
    let operation = documents::find::<OperationDocument>(&face.engine, &sign.key).await?;
    if let Some(operation) = operation.filter(|_| update) {
        let done = OperationDocument { settled_at: Some(at), ..operation.body };
        writes.push(documents::write(&operation.key, operation.generation, &done));
    }
    Ok(writes)
}
