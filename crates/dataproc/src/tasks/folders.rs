//! Removes the folders of jobs that nobody knows any more: retention took them, or a crash came between a folder and its
//! job.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caddis_engine::calls::CallError;
use caddis_engine::ports::JobFilter;
use caddis_types::Timestamp;

use crate::documents::{self, JobDocument};
use crate::face::Dataproc;
use crate::jobs::remove_folder;
use crate::wire::Status;

const PAUSE: Duration = Duration::from_secs(3600);
/// A younger folder may be of a job that is just being taken.
const YOUNG: Duration = Duration::from_secs(3600);

/// Looks again and again.
pub(crate) async fn run(face: &Arc<Dataproc>) {
    loop {
        if let Err(status) = sweep(face).await {
            tracing::info!(error = status.message, "the folders of jobs cannot be looked at just now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn sweep(face: &Arc<Dataproc>) -> Result<(), Status> {
    let records = face.engine.ports.store.jobs(&JobFilter::default()).await.map_err(CallError::from)?;
    let living: BTreeSet<_> = records.into_iter().map(|record| record.id).collect();
    let known = documents::list::<JobDocument>(&face.engine, "", "", 0).await?;
    let kept: BTreeSet<String> =
        known.into_iter().filter(|read| living.contains(&read.body.job)).map(|read| read.body.uuid).collect();
    let (folder, before) = (face.staging.clone(), face.now() - YOUNG);
    let _ = tokio::task::spawn_blocking(move || remove(&folder, &kept, before)).await;
    Ok(())
}

fn remove(folder: &Path, kept: &BTreeSet<String>, before: Timestamp) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let old = entry.metadata().is_ok_and(|found| Timestamp(changed(&found)) < before);
        if old && !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
            remove_folder(&entry.path());
        }
    }
}

/// Microseconds.
fn changed(found: &std::fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    found.mtime() * 1_000_000 + found.mtime_nsec() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_removed_once_it_is_old() {
        let at = tempfile::tempdir().unwrap();
        for name in ["known", "old"] {
            std::fs::create_dir_all(at.path().join(name).join("work")).unwrap();
        }
        let kept = BTreeSet::from(["known".to_owned()]);
        remove(at.path(), &kept, Timestamp(0));
        assert_eq!(std::fs::read_dir(at.path()).unwrap().count(), 2, "they are young");
        remove(at.path(), &kept, Timestamp(i64::MAX));
        assert!(at.path().join("known/work").is_dir() && !at.path().join("old").exists());
    }
}
