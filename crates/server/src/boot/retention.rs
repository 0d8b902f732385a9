//! What is not kept any more.

use std::io;
use std::time::Duration;

use caddis_core::record::{ClusterState, JobState};
use caddis_engine::ports::{ClusterFilter, JobFilter, Removed, StoreError};
use caddis_engine::tasks;
use caddis_types::Timestamp;

use crate::Assembly;

/// Removes what ended longer ago than `keep`, logs included.
pub(crate) async fn remove(assembly: &Assembly, keep: Duration) -> Result<Removed, StoreError> {
    let ports = &assembly.engine.ports;
    let removed = tasks::remove_old(ports, keep).await?;
    caddis_dataproc::retention::forget_gone(ports).await?;
    caddis_dataproc::retention::forget_operations(ports, ports.clock.now() - keep).await?;
    caddis_dataproc::retention::forget_workflows(ports, ports.clock.now() - keep).await?;
    for cluster in &removed.clusters {
        match tokio::fs::remove_dir_all(assembly.home.cluster_logs(cluster)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::info!(cluster.id = %cluster, error = %error, "the logs of a cluster could not be removed");
            }
            _ => {}
        }
    }
    Ok(removed)
}

/// What [`remove`] would remove.
pub(crate) async fn would_remove(assembly: &Assembly, keep: Duration) -> Result<Removed, StoreError> {
    let ports = &assembly.engine.ports;
    let before = ports.clock.now() - keep;
    let old = |at: Timestamp| at < before;
    let jobs = ports.store.jobs(&JobFilter::default()).await?.into_iter();
    let clusters = ports.store.clusters(&ClusterFilter::default()).await?.into_iter();
    Ok(Removed {
        jobs: jobs.filter(|job| matches!(job.state, JobState::Ended { at, .. } if old(at))).map(|job| job.id).collect(),
        clusters: clusters
            .filter(|cluster| matches!(cluster.state, ClusterState::Ended { at, .. } if old(at)))
            .map(|cluster| cluster.id)
            .collect(),
    })
}

/// How many traces belong to no living cluster: what a sweep would end and remove.
pub(crate) async fn leftovers(assembly: &Assembly) -> Result<u32, StoreError> {
    let ports = &assembly.engine.ports;
    let Ok(traces) = ports.backend.traces().await else { return Ok(0) };
    let mut count = 0;
    for id in traces {
        let living = ports.store.cluster(&id).await?.is_some_and(|cluster| !cluster.state.is_ended());
        count += u32::from(!living);
    }
    Ok(count)
}
