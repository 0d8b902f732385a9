//! What is not kept any more of the documents.
//!
//! A job's document and those of operations go together with the record that they are about, in the store's own
//! transaction. Three things are left to this file, since only the face knows them: clusters that are gone, whose
//! documents would be skipped by every list for weeks; old operations of clusters that live on; workflows. All may be cut
//! anywhere and repeated: a removal names the generation that was judged, so that a name which was given to another
//! cluster meanwhile is not touched.

use caddis_engine::ports::{Change, CommitError, DocumentWrite, Ports, StoreError};
use caddis_types::{JobId, Timestamp};

use crate::clusters::status;
use crate::documents::{self, About, ClusterDocument, Kept, OperationDocument, Read};
use crate::workflows::WorkflowDocument;
use crate::{operations, records};

/// Documents that are looked at together.
const BATCH: u32 = 256;

/// Forgets clusters of which nothing is to be shown any more; answers how many. Their operations have kept what they
/// answer, and jobs that ran there the names.
pub async fn forget_gone(ports: &Ports) -> Result<usize, StoreError> {
    let (mut after, mut gone) = (String::new(), 0);
    loop {
        let batch = batch::<ClusterDocument>(ports, &mut after).await?;
        let Some(batch) = batch else { return Ok(gone) };
        let found = records::clusters(ports, batch.iter().map(|read| &read.body.cluster)).await?;
        let now = ports.clock.now();
        let shows =
            |read: &Read<ClusterDocument>| status::states(&read.body, found.get(&read.body.cluster), now).is_some();
        gone += remove(ports, batch.iter().filter(|read| !shows(read)).map(documents::remove).collect()).await?;
    }
}

/// Forgets operations that began before `before` and are over; answers how many.
pub async fn forget_operations(ports: &Ports, before: Timestamp) -> Result<usize, StoreError> {
    let (mut after, mut gone) = (String::new(), 0);
    loop {
        let batch = batch::<OperationDocument>(ports, &mut after).await?;
        let Some(mut batch) = batch else { return Ok(gone) };
        batch.retain(|read| read.body.at < before);
        let ids = batch.iter().filter_map(|read| match &read.body.about {
            About::Cluster { cluster, .. } => Some(cluster),
            About::Job { .. } | About::Workflow { .. } => None,
        });
        let clusters = records::clusters(ports, ids).await?;
        let ids: Vec<JobId> = batch.iter().filter_map(|read| job(&read.body.about)).collect();
        let jobs = records::jobs(ports, ids.iter()).await?;
        let over = |read: &Read<OperationDocument>| match &read.body.about {
            About::Cluster { cluster, .. } => operations::is_over(&read.body, clusters.get(cluster)),
            // It goes with its workflow's own document.
            About::Workflow { .. } => false,
            about => job(about).and_then(|id| jobs.get(&id)).is_none_or(caddis_core::record::JobRecord::is_ended),
        };
        gone += remove(ports, batch.iter().filter(|read| over(read)).map(documents::remove).collect()).await?;
    }
}

/// Forgets workflows that ended before `before`, and their operations; answers how many.
pub async fn forget_workflows(ports: &Ports, before: Timestamp) -> Result<usize, StoreError> {
    let (mut after, mut gone) = (String::new(), 0);
    loop {
        let batch = batch::<WorkflowDocument>(ports, &mut after).await?;
        let Some(batch) = batch else { return Ok(gone) };
        for read in batch.iter().filter(|read| read.body.ended_before(before)) {
            let operation = ports.store.document(OperationDocument::KIND, &read.key).await?;
            let operation = operation.and_then(|document| documents::read::<OperationDocument>(document).ok());
            let both = [Some(documents::remove(read)), operation.as_ref().map(documents::remove)];
            gone += usize::from(together(ports, both.into_iter().flatten().collect()).await?);
        }
    }
}

fn job(about: &About) -> Option<JobId> {
    match about {
        About::Cluster { .. } | About::Workflow { .. } => None,
        About::Job { id, .. } => id.parse().ok(),
    }
}

/// The next documents of a kind; nothing after the last. What cannot be read is left to whoever can.
async fn batch<K: Kept>(ports: &Ports, after: &mut String) -> Result<Option<Vec<Read<K>>>, StoreError> {
    let found = ports.store.documents(K::KIND, "", after, BATCH).await?;
    let Some(last) = found.last() else { return Ok(None) };
    last.key.clone_into(after);
    Ok(Some(found.into_iter().filter_map(|document| documents::read(document).ok()).collect()))
}

/// Removes those that are as they were read; answers how many.
async fn remove(ports: &Ports, all: Vec<DocumentWrite>) -> Result<usize, StoreError> {
    let mut removed = 0;
    for write in all {
        removed += usize::from(together(ports, vec![write]).await?);
    }
    Ok(removed)
}

/// Whether all of them were removed; what was changed meanwhile is looked at again the next time.
async fn together(ports: &Ports, documents: Vec<DocumentWrite>) -> Result<bool, StoreError> {
    match ports.store.commit(Change { documents, ..Change::default() }).await {
        Ok(()) => Ok(true),
        Err(CommitError::Store(error)) => Err(error),
        Err(_) => Ok(false),
    }
}
