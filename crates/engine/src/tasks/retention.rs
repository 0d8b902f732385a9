//! Removes jobs, clusters, their logs and events after a while. Ledger lines stay.

use std::time::Duration;

use crate::ports::{Ports, Removed, StoreError};

/// Removes what ended longer ago than `keep`.
pub async fn remove_old(ports: &Ports, keep: Duration) -> Result<Removed, StoreError> {
    let removed = ports.store.remove_ended(ports.clock.now() - keep).await?;
    for job in &removed.jobs {
        if let Err(error) = ports.backend.forget_job(job).await {
            tracing::info!(job.id = %job, error.code, error.message, "the files of a job could not be removed");
        }
    }
    Ok(removed)
}
