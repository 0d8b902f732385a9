//! The end of a workflow that somebody asks for, by its operation.

use caddis_engine::ports::DocumentWrite;

use super::act;
use super::kept::WorkflowDocument;
use super::progress::Progress;
use crate::documents;
use crate::face::Dataproc;
use crate::wire::{Code, Status};

/// How often it is tried while the workflow goes on at the same time.
const TRIES: usize = 20;

/// Wishes its end; repeating it is harmless. Its jobs are cancelled and its own cluster deleted before it is over.
pub(crate) async fn cancel(face: &Dataproc, key: &str) -> Result<(), Status> {
    for _ in 0..TRIES {
        let Some(read) = documents::find::<WorkflowDocument>(&face.engine, key).await? else { return Ok(()) };
        if read.body.progress.ended_at.is_some() || read.body.progress.cancelled_at.is_some() {
            return Ok(());
        }
        let progress = Progress { cancelled_at: Some(face.now()), ..read.body.progress.clone() };
        act::write(face, vec![act::with(&read, progress)]).await?;
        face.workflows.send_replace(());
    }
    Err(Status::new(Code::Aborted, "the workflow changes too quickly to be cancelled now; try again"))
}

/// Writes that forget a workflow that is over.
pub(crate) async fn forget(face: &Dataproc, key: &str) -> Result<Vec<DocumentWrite>, Status> {
    let read = documents::find::<WorkflowDocument>(&face.engine, key).await?;
    Ok(read.iter().map(documents::remove).collect())
}
