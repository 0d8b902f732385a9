//! Removes jobs, clusters, their programs and logs after a while, and the events that tell of decisions. Ledger lines stay.

use std::time::Duration;

use crate::ports::{JobFilter, Ports, Removed, StoreError};

/// How long a program is kept without a job: its job is written down a moment after it was taken.
const UNCLAIMED: Duration = Duration::from_secs(3600);

/// Removes what ended longer ago than `keep`.
pub async fn remove_old(ports: &Ports, keep: Duration) -> Result<Removed, StoreError> {
    let removed = ports.store.remove_ended(ports.clock.now() - keep).await?;
    for job in &removed.jobs {
        if let Err(error) = ports.backend.forget_job(job).await {
            tracing::info!(job.id = %job, error.code, error.message, "the files of a job could not be removed");
        }
    }
    remove_programs(ports).await?;
    Ok(removed)
}

/// Removes the files of programs that no job has any more.
async fn remove_programs(ports: &Ports) -> Result<(), StoreError> {
    let since = ports.clock.now() - UNCLAIMED;
    let jobs = ports.store.jobs(&JobFilter::default()).await?;
    let kept = jobs.into_iter().filter_map(|job| job.bundle).map(|bundle| bundle.digest).collect();
    if let Err(error) = ports.backend.remove_programs(&kept, since).await {
        tracing::info!(error.code, error.message, "programs that no job has any more could not be removed");
    }
    Ok(())
}
