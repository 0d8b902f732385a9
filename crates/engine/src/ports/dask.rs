//! What is asked of a running scheduler, through the link of its preload.

use std::time::Duration;

use async_trait::async_trait;
use caddis_types::ClusterId;
use caddis_types::dask::DaskSnapshot;

/// The schedulers of living clusters.
#[async_trait]
pub trait DaskApi: Send + Sync {
    /// What the scheduler said last; nothing when its link is down.
    async fn snapshot(&self, cluster: &ClusterId) -> Option<DaskSnapshot>;

    /// Whom the scheduler would close, `count` of them, by unique name; empty when it cannot be asked.
    async fn workers_to_close(&self, cluster: &ClusterId, count: u32) -> Vec<String>;

    /// Asks for the drain of workers; their processes end when it is done. Repeating it is harmless.
    async fn drain(&self, cluster: &ClusterId, workers: &[String], deadline: Duration) -> bool;

    /// Asks the scheduler to close its workers and itself. Repeating it is harmless.
    async fn close(&self, cluster: &ClusterId, reason: &str) -> bool;
}
