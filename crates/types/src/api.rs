//! The shapes of the native API, version 1. Requests refuse unknown fields; answers may grow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dask::DaskSnapshot;
use crate::shape::{ClusterShape, ShapeWish};
use crate::{Cause, ClusterId, JobId, NanoDollars, Reason, Timestamp, Umask};

/// What a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Program {
    /// A file, by its absolute path.
    Script(String),
    /// `python -m MODULE`.
    Module(String),
}

/// Which Python environment is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentWish {
    /// A requirements file, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<String>,
    /// An interpreter: a path, or a version such as `3.12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// A line of Dask, such as `2026.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dask: Option<String>,
}

/// When a failed attempt is followed by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryWish {
    /// How many more attempts at most.
    pub max: u32,
    /// Only after these exit codes; empty means any failure.
    #[serde(default)]
    pub on_exit: Vec<i32>,
    /// The pause before the first retry, milliseconds; it doubles each time.
    #[serde(default = "default_delay_ms")]
    pub delay_ms: u64,
}

fn default_delay_ms() -> u64 {
    1000
}

impl Default for RetryWish {
    fn default() -> Self {
        RetryWish { max: 0, on_exit: Vec::new(), delay_ms: default_delay_ms() }
    }
}

/// `POST /v1/jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Whether standard input is sent with `PUT /v1/jobs/{id}/stdin`; else it is empty.
    #[serde(default)]
    pub stdin: bool,
}

/// The cluster of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// `POST /v1/clusters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Ends after nothing used it for this long, milliseconds; zero means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// Ends after this long, milliseconds, whatever uses it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_ms: Option<u64>,
}

/// The word for how far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// The word for how far a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// One try at running a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What was used, from facts of the launcher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageView {
    /// Seconds of worker processes, summed over workers.
    pub worker_seconds: f64,
    /// The most workers at one time.
    pub workers_peak: u32,
    /// The largest resident size of one worker, bytes.
    pub peak_memory: u64,
    /// Tasks that Dask finished.
    pub tasks_done: u64,
    /// What it would have cost on Google Cloud, nano-dollars.
    pub would_have_cost: NanoDollars,
}

/// A job, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// One worker slot, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotView {
    /// Its number.
    pub slot: u32,
    /// Which process in this slot.
    pub attempt: u32,
    /// `waiting`, `starting`, `running`, `draining`, `stopping`, `ended`.
    pub phase: String,
    /// Its process.
    pub pid: Option<u32>,
    /// When that process started.
    pub started_at: Option<Timestamp>,
    /// How many processes in a row died here.
    pub failures: u32,
    /// Why the last one died.
    pub last_death: Option<Cause>,
}

/// A cluster, as told to clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Workers wanted now.
    pub workers_wanted: u32,
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
    /// What the user should know.
    pub notices: Vec<String>,
    /// What it used so far.
    pub usage: UsageView,
    /// What the scheduler said last.
    pub dask: Option<DaskSnapshot>,
}

/// How to connect to a cluster: `GET /v1/clusters/{id}/connection`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// `POST /v1/jobs/{id}/cancel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelWish {
    /// Skips the pause between the polite signal and the last one.
    #[serde(default)]
    pub hurry: bool,
}

/// `POST /v1/clusters/{id}/scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleWish {
    /// Workers wanted.
    pub workers: u32,
}

/// Which of a job's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One thing that happened; `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// Grows by one.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `job_…` or `cl_…`.
    pub subject: String,
    /// The word for machines, such as `job.started`.
    pub kind: String,
    /// For people.
    pub message: String,
}

/// Every error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, for machines.
    pub code: String,
    /// What is true.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Found again in the server's log.
    pub request_id: String,
}

/// `GET /v1/server`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// `POST /v1/google`: where Google's clients find this server, and what proves who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoogleView {
    /// The port that speaks as Google's Dataproc does, with TLS: gRPC and REST.
    pub api_port: u16,
    /// The port of the CONNECT proxy that leads Google's Dataproc hosts there.
    pub proxy_port: u16,
    /// Certificates to trust: our authority's, and behind it those that this machine trusts.
    pub roots_file: String,
    /// The key of a throw-away service account.
    pub key_file: String,
    /// A file that holds a bearer token.
    pub token_file: String,
    /// The project that the service account belongs to.
    pub project: String,
}

/// `GET /v1/why/{ref}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// The id of what was asked about.
    pub subject: String,
    /// The chain of reasons, the most direct first.
    pub reasons: Vec<Reason>,
}

/// A Python environment that Caddis keeps: `GET /v1/environments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentView {
    /// Its id, a digest of all that went in.
    pub id: String,
    /// `ready`, `building`, `broken`.
    pub state: String,
    /// What it was made from, for people.
    pub source: String,
    /// Its interpreter's version.
    pub python: Option<String>,
    /// Of `distributed`.
    pub distributed: Option<String>,
    /// On disk, bytes.
    pub bytes: Option<u64>,
    /// When something last used it.
    pub used_at: Option<Timestamp>,
    /// Whether something uses it now.
    pub in_use: bool,
    /// Its folder.
    pub path: String,
}

/// `POST /v1/prune`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownWish {
    /// Ends the server though jobs or clusters are active; they go on, and the next server adopts them.
    #[serde(default)]
    pub force: bool,
}

/// `POST /v1/login-links`; only on the Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginLinkWish {
    /// The path to show after the login, such as `/clusters/cl_…/status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A link that logs a browser in, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginLinkView {
    /// To open in a browser on this machine.
    pub url: String,
    /// For how long, milliseconds.
    pub valid_ms: u64,
}

/// The header that names the attempt whose log is answered.
pub const ATTEMPT_HEADER: &str = "caddis-attempt";

/// The media type of a log in frames (`?frames=true`): each is the offset in the file after it (8 bytes, big-endian),
/// the length of its content (4 bytes, big-endian), and the content. A cut connection can be resumed without losing or
/// doubling a byte, though notices that are not in the file stand between the file's bytes.
pub const FRAMES_TYPE: &str = "application/vnd.caddis.frames";
