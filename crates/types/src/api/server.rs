//! The server itself, and what it is asked to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClusterId, JobId, Timestamp};

/// `GET /v1/server`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerView {
    /// Of the binary, with its commit.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// Where a browser finds it: `http://127.0.0.1:port`.
    pub http: Option<String>,
    /// Worker slots of the pool, used and all.
    pub pool_used: u32,
    /// All worker slots.
    pub pool_size: u32,
    /// Memory a slot has, bytes.
    pub slot_memory: u64,
    /// Jobs that have not ended.
    pub jobs_active: u32,
    /// Clusters that have not ended.
    pub clusters_active: u32,
    /// The state folder.
    pub home: String,
}

/// `POST /v1/prune`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PruneWish {
    /// Says what would go, and removes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Only what ended, or was last used, longer ago than this, milliseconds; absent means retention's own span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older_than_ms: Option<u64>,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PruneView {
    /// Whether nothing was removed.
    pub dry_run: bool,
    /// Jobs, with their logs.
    pub jobs: Vec<JobId>,
    /// Clusters.
    pub clusters: Vec<ClusterId>,
    /// Python environments.
    pub environments: Vec<String>,
    /// Processes and folders that belonged to no living cluster; these are always looked for.
    pub leftovers: u32,
}

/// `POST /v1/shutdown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShutdownWish {
    /// Ends the server though jobs or clusters are active; they go on, and the next server adopts them.
    #[serde(default)]
    pub force: bool,
}
