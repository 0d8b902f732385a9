//! Clusters.

use std::time::Duration;

use caddis_types::Timestamp;
use caddis_types::api::{AdaptWish, ClusterView, ClusterWish, ConnectionView, DecisionView, ScaleWish};
use hyper::Method;

use super::millis;
use crate::exchange::{empty, part};
use crate::logs::{LogQuery, Logs};
use crate::{Client, ClientError};

impl Client {
    /// Makes a cluster that outlives its jobs.
    pub async fn create_cluster(&self, wish: &ClusterWish) -> Result<ClusterView, ClientError> {
        self.post("/v1/clusters", wish).await
    }

    /// The caller's clusters, newest first; a `limit` of 0 means all.
    pub async fn clusters(&self, active: bool, limit: u32) -> Result<Vec<ClusterView>, ClientError> {
        self.get(&format!("/v1/clusters?active={active}&limit={limit}")).await
    }

    /// One cluster by id or name; `latest` means the newest.
    pub async fn cluster(&self, reference: &str) -> Result<ClusterView, ClientError> {
        self.get(&format!("/v1/clusters/{}", part(reference))).await
    }

    /// One cluster, as soon as its generation is above `after`, or as it is when `wait` is over.
    pub async fn watch_cluster(&self, reference: &str, after: u64, wait: Duration) -> Result<ClusterView, ClientError> {
        let (reference, wait) = (part(reference), millis(wait));
        self.get(&format!("/v1/clusters/{reference}?after_generation={after}&wait_ms={wait}")).await
    }

    /// Wants so many workers from now on, whatever the load.
    pub async fn scale_cluster(&self, reference: &str, workers: u32) -> Result<ClusterView, ClientError> {
        self.post(&format!("/v1/clusters/{}/scale", part(reference)), &ScaleWish { workers }).await
    }

    /// Lets the load decide how many workers there are. May be repeated.
    pub async fn adapt_cluster(&self, reference: &str, wish: &AdaptWish) -> Result<ClusterView, ClientError> {
        self.post(&format!("/v1/clusters/{}/adapt", part(reference)), wish).await
    }

    /// Decisions about a cluster's size that were made after a moment, oldest first, 1000 and whatever else is of the last
    /// one's moment: the next ones come after that.
    pub async fn decisions(&self, reference: &str, after: Timestamp) -> Result<Vec<DecisionView>, ClientError> {
        self.get(&format!("/v1/clusters/{}/decisions?after={}", part(reference), after.0)).await
    }

    /// Wishes the end of a cluster. May be repeated.
    pub async fn stop_cluster(&self, reference: &str) -> Result<ClusterView, ClientError> {
        self.post(&format!("/v1/clusters/{}/stop", part(reference)), &serde_json::json!({})).await
    }

    /// How to connect to a cluster that serves.
    pub async fn connection(&self, reference: &str) -> Result<ConnectionView, ClientError> {
        self.get(&format!("/v1/clusters/{}/connection", part(reference))).await
    }

    /// The names of a cluster's processes that left a log, such as `scheduler.1` and `worker-0000.1`.
    pub async fn cluster_members(&self, reference: &str) -> Result<Vec<String>, ClientError> {
        self.get(&format!("/v1/clusters/{}/members", part(reference))).await
    }

    /// The log of one process of a cluster. With `follow` it ends when the cluster has.
    pub async fn cluster_logs(&self, reference: &str, member: &str, query: LogQuery) -> Result<Logs, ClientError> {
        let path = format!("/v1/clusters/{}/logs?member={}&{}", part(reference), part(member), query.text());
        Logs::new(self.exchange(Method::GET, &path, empty()).await?, query.offset)
    }
}
