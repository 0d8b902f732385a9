//! Clusters: what is wished, and what is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usage::UsageView;
use super::wish::EnvironmentWish;
use crate::dask::DaskSnapshot;
use crate::shape::{ClusterShape, ShapeWish, WorkerRange};
use crate::{Cause, ClusterId, JobId, NanoDollars, Reason, Timestamp, Umask};

/// `POST /v1/clusters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterWish {
    /// A name for people; unique among an owner's living clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tags, for cost reports.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its shape.
    #[serde(default)]
    pub shape: ShapeWish,
    /// Workers that it begins with, within the shape's range; without it the fewest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers_first: Option<u32>,
    /// Which Python environment.
    #[serde(default)]
    pub environment: EnvironmentWish,
    /// The folder whose modules import on it, absolute.
    #[serde(default)]
    pub cwd: String,
    /// The mask of the modes of the files that its processes make.
    #[serde(default, skip_serializing_if = "Umask::is_usual")]
    pub umask: Umask,
    /// Environment variables of scheduler and workers.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Programs that are run before it serves, one after the other; it fails when one does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<SetupWish>,
    /// Ends after nothing used it for this long, milliseconds; zero means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// Ends after this long, milliseconds, whatever uses it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_ms: Option<u64>,
}

/// A program that sets a cluster up, as the server's user and beside the cluster's own processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupWish {
    /// What it is called in reasons and causes.
    pub name: String,
    /// The executable file, absolute.
    pub command: String,
    /// How long it may run, milliseconds.
    pub deadline_ms: u64,
}

/// The word for how far a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClusterPhase {
    /// Its environment is being built.
    Environment,
    /// Scheduler and first workers are starting.
    Starting,
    /// It serves.
    Running,
    /// It is being ended.
    Stopping,
    /// Nothing of it is left.
    Stopped,
    /// It ended by a failure; nothing of it is left.
    Failed,
}

/// One worker slot, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotView {
    /// Its number.
    pub slot: u32,
    /// Which process in this slot.
    pub attempt: u32,
    /// `waiting`, `starting`, `running`, `draining`, `preempted`, `ended`.
    pub phase: String,
    /// Its process.
    pub pid: Option<u32>,
    /// When that process started.
    pub started_at: Option<Timestamp>,
    /// Whether its worker may be taken away at any time.
    #[serde(default)]
    pub preemptible: bool,
    /// How many processes in a row died here.
    pub failures: u32,
    /// Why the last one died.
    pub last_death: Option<Cause>,
}

/// A cluster, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterView {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The job it was made for.
    pub job: Option<JobId>,
    /// How far it is.
    pub phase: ClusterPhase,
    /// Grows with every change.
    pub generation: u64,
    /// Why it is as it is.
    pub reasons: Vec<Reason>,
    /// Its shape.
    pub shape: ClusterShape,
    /// Workers granted by the pool now.
    pub workers_wanted: u32,
    /// Workers that the load, or somebody, wants now; more than are granted while the pool has no room.
    #[serde(default)]
    pub workers_desired: u32,
    /// Whether the load moves that number, within the shape's range.
    #[serde(default)]
    pub adapts: bool,
    /// Its slots.
    pub slots: Vec<SlotView>,
    /// The scheduler's process.
    pub scheduler_pid: Option<u32>,
    /// Where the scheduler listens.
    pub address: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it served.
    pub ready_at: Option<Timestamp>,
    /// When nothing of it was left.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub cause: Option<Cause>,
    /// Why workers of it died or were taken away: the first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deaths: Vec<Cause>,
    /// What the user should know.
    pub notices: Vec<String>,
    /// What it used so far.
    pub usage: UsageView,
    /// What the scheduler said last.
    pub dask: Option<DaskSnapshot>,
}

/// How to connect to a cluster: `GET /v1/clusters/{id}/connection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionView {
    /// `tls://127.0.0.1:port`.
    pub address: String,
    /// Path of the cluster's CA certificate.
    pub ca_file: String,
    /// Path of the client's certificate.
    pub cert_file: String,
    /// Path of the client's key (0600).
    pub key_file: String,
    /// The same as variables that make `Client()` just work.
    pub variables: BTreeMap<String, String>,
}

/// `POST /v1/clusters/{id}/scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleWish {
    /// Workers wanted.
    pub workers: u32,
}

/// `POST /v1/clusters/{id}/adapt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptWish {
    /// The range in which the load may move the number of workers; absent means the cluster's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkerRange>,
}

/// One decision about a cluster's size, with what it went by: `GET /v1/clusters/{id}/decisions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionView {
    /// When.
    pub at: Timestamp,
    /// Fewest workers of the range.
    pub min: u32,
    /// Most workers of the range.
    pub max: u32,
    /// Workers that it was told to have before.
    pub current: u32,
    /// Workers that it was told to have from then on.
    pub target: u32,
    /// The rule that gave the target, such as `backlog`, `spare` or `idle`.
    pub why: String,
    /// From asking for a worker to its first word, seconds, as far as it was known.
    pub start_seconds: f64,
    /// A worker an hour, nano-dollars.
    pub worker_hour: NanoDollars,
    /// What the scheduler and the records said, by name; docs/AUTOSCALING.md describes each.
    pub signals: BTreeMap<String, serde_json::Value>,
    /// The figures of the rule, by name.
    pub policy: BTreeMap<String, f64>,
    /// What earlier looks had left, by name: microseconds since 1970, numbers of workers, counts of pauses by length.
    pub memory: BTreeMap<String, serde_json::Value>,
}
