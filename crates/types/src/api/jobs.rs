//! Jobs: what is wished, and what is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usage::UsageView;
use super::wish::{EnvironmentWish, Program, RetryWish};
use crate::shape::ShapeWish;
use crate::{Cause, ClusterId, JobId, NanoDollars, Reason, Timestamp, Umask};

/// `POST /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobWish {
    /// Repeating a submission with the same key answers the first one's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_key: Option<String>,
    /// What to run.
    pub program: Program,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// The folder it runs in, absolute.
    pub cwd: String,
    /// The mask of the modes of the files that it makes.
    #[serde(default, skip_serializing_if = "Umask::is_usual")]
    pub umask: Umask,
    /// Its environment variables, all of them.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// A name for people; unique among an owner's unfinished jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tags, for cost reports.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Which Python environment.
    #[serde(default)]
    pub environment: EnvironmentWish,
    /// Which cluster.
    #[serde(default)]
    pub cluster: ClusterChoice,
    /// Retries.
    #[serde(default)]
    pub retry: RetryWish,
    /// The longest the script may run in each attempt, milliseconds; what comes before its start does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Keeps the cluster this long after a failure, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_on_failure_ms: Option<u64>,
    /// The most it may cost on Google Cloud, all attempts together, nano-dollars; it is ended before it costs more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<NanoDollars>,
    /// Whether standard input is sent with `PUT /v1/jobs/{id}/stdin`; else it is empty.
    #[serde(default)]
    pub stdin: bool,
}

/// The cluster of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClusterChoice {
    /// A new one, that ends with the job.
    Fresh(ShapeWish),
    /// An existing one, by name or id; it outlives the job.
    Existing(String),
}

impl Default for ClusterChoice {
    fn default() -> Self {
        ClusterChoice::Fresh(ShapeWish::default())
    }
}

/// The word for how far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobPhase {
    /// Waiting for capacity, or for the pause before a retry.
    Queued,
    /// Its environment is being built.
    Environment,
    /// Its cluster is starting.
    Cluster,
    /// The script runs.
    Running,
    /// The script exited with code 0.
    Succeeded,
    /// It ended otherwise; the cause says how.
    Failed,
    /// A user cancelled it.
    Cancelled,
}

impl JobPhase {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, JobPhase::Succeeded | JobPhase::Failed | JobPhase::Cancelled)
    }
}

/// One try at running a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptView {
    /// 1, 2, ...
    pub number: u32,
    /// The cluster it ran on.
    pub cluster: ClusterId,
    /// When the script started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The script's exit code; 128 + n after signal n.
    pub exit_code: Option<i32>,
    /// What ended it, when that was a failure.
    pub cause: Option<Cause>,
}

/// A job, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What it runs.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// The most it may cost, nano-dollars.
    pub max_cost: Option<NanoDollars>,
    /// Where it runs.
    pub cwd: String,
    /// How far it is.
    pub phase: JobPhase,
    /// Grows with every change.
    pub generation: u64,
    /// Why it is as it is; the most direct reason first.
    pub reasons: Vec<Reason>,
    /// Its tries.
    pub attempts: Vec<AttemptView>,
    /// When it came.
    pub submitted_at: Timestamp,
    /// When each stage began: `queued`, `environment`, `cluster`, `running`, `ended`.
    pub stages: BTreeMap<String, Timestamp>,
    /// What the environment build is doing.
    pub environment_step: Option<String>,
    /// Its cluster, once there is one.
    pub cluster: Option<ClusterId>,
    /// The final exit code: the script's own, 128 + n, or 125 when Caddis itself failed.
    pub exit_code: Option<i32>,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// What the user should know: a maximum that was scaled down, a script that never connected, ...
    pub notices: Vec<String>,
    /// What it used so far.
    pub usage: UsageView,
}

/// `POST /v1/jobs/{id}/cancel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelWish {
    /// Skips the pause between the polite signal and the last one.
    #[serde(default)]
    pub hurry: bool,
}
