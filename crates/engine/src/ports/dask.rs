//! What is asked of a running scheduler, through the link of its preload.

use std::time::Duration;

use async_trait::async_trait;
use caddis_core::record::Leaving;
use caddis_types::ClusterId;
use caddis_types::dask::DaskSnapshot;

/// The schedulers of living clusters.
#[async_trait]
pub trait DaskApi: Send + Sync {
    /// What the scheduler said last; nothing when its link is down.
    async fn snapshot(&self, cluster: &ClusterId) -> Option<DaskSnapshot>;

    /// Asks the scheduler to say anew what there is, for whoever must not go by what it said a moment ago. Where it cannot be
    /// asked, or takes long, what it said last stays.
    async fn refresh(&self, _cluster: &ClusterId) {}

    /// Whom the scheduler would close if `count` of them had to go, by unique name, those that it would miss least first;
    /// empty when it cannot be asked.
    async fn workers_to_close(&self, cluster: &ClusterId, count: u32) -> Vec<String>;

    /// Asks for the drain of workers; their processes end when it is done. Those that are preempted go at the deadline
    /// whatever happens, so that nothing is waited for in vain. Repeating it is harmless, and may bring the deadline forward.
    async fn drain(&self, cluster: &ClusterId, workers: &[String], deadline: Duration, why: Leaving) -> bool;

    /// Asks the scheduler to close its workers and itself. Repeating it is harmless.
    async fn close(&self, cluster: &ClusterId, reason: &str) -> bool;
}
