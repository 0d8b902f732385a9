//! What the database says of a job.
//!
//! ```text
//! Queued -> Starting -> Running -> Ended
//!   ^___________|__________|  (another attempt)
//! ```

use std::collections::BTreeMap;

use caddis_types::api::{ClusterChoice, EnvironmentWish, Program, RetryWish};
use caddis_types::{Cause, ClusterId, JobId, NanoDollars, Timestamp, Umask};
use serde::{Deserialize, Serialize};

use crate::world::Exit;

/// A program with its arguments, environment and cluster wish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// The generation that was read; 0 when it is new.
    pub generation: u64,
    /// Whose it is.
    pub owner: String,
    /// Its name, unique among an owner's unfinished jobs.
    pub name: Option<String>,
    /// Tags, for cost reports.
    pub tags: BTreeMap<String, String>,
    /// What it runs.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it runs.
    pub cwd: String,
    /// The mask of the modes of the files that it makes.
    #[serde(default, skip_serializing_if = "Umask::is_usual")]
    pub umask: Umask,
    /// Its files, addressed by content, so that it can run elsewhere and again.
    pub bundle: Option<Bundle>,
    /// Which Python environment.
    pub environment: EnvironmentWish,
    /// Which cluster.
    pub cluster: ClusterChoice,
    /// When a failed attempt is followed by another.
    pub retry: RetryWish,
    /// The longest an attempt may take, milliseconds.
    pub timeout_ms: Option<u64>,
    /// Keeps the cluster after a failure, milliseconds.
    pub keep_on_failure_ms: Option<u64>,
    /// The most it may cost, all attempts together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<NanoDollars>,
    /// What earlier attempts cost; only counted where there is a limit.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub spent: NanoDollars,
    /// Since when its tasks wait for a worker for which its limit does not pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_vain_since: Option<Timestamp>,
    /// Whether standard input is sent.
    pub stdin: bool,
    /// When it came.
    pub submitted_at: Timestamp,
    /// How far it is.
    pub state: JobState,
    /// When each stage of the newest attempt began.
    pub stages: BTreeMap<String, Timestamp>,
    /// Its tries, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// A user's wish to end it.
    pub cancel: Option<Cancel>,
    /// What the user should know.
    pub notices: Vec<String>,
    /// Why it ended, when that was before any attempt.
    pub end_cause: Option<Cause>,
}

fn is_nothing(money: &NanoDollars) -> bool {
    *money == NanoDollars(0)
}

/// A job's script, sibling modules and named files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// SHA-256 over names and contents, hex.
    pub digest: String,
    /// How many files.
    pub files: u32,
    /// How many bytes.
    pub bytes: u64,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for capacity, or for the pause before a retry.
    Queued {
        /// Since when.
        since: Timestamp,
        /// Not admitted before this.
        not_before: Option<Timestamp>,
    },
    /// It has a cluster, that is not ready yet.
    Starting {
        /// Since when.
        since: Timestamp,
    },
    /// Its script was asked for, or runs.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// How.
        outcome: Outcome,
        /// 0, the script's own, 128 + n after signal n, 125 when Caddis itself failed.
        exit_code: i32,
    },
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The script exited with code 0.
    Succeeded,
    /// Anything else.
    Failed,
    /// A user cancelled it.
    Cancelled,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// 1, 2, ...
    pub number: u32,
    /// The cluster it runs on.
    pub cluster: ClusterId,
    /// How far it is.
    pub phase: AttemptPhase,
    /// How the script's process ended.
    pub exit: Option<Exit>,
    /// Why it ended, when that was a failure.
    pub cause: Option<Cause>,
}

/// How far an attempt is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptPhase {
    /// It waits for its cluster.
    Assigned,
    /// Its process was asked for; whether it runs is not known yet.
    Intended {
        /// When.
        at: Timestamp,
    },
    /// Its process runs.
    Running {
        /// When it started.
        started_at: Timestamp,
        /// Its process.
        pid: u32,
        /// Set when it is being ended.
        stopping: Option<StopCause>,
    },
    /// It is over.
    Ended {
        /// When the script started; absent when it never did.
        started_at: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
    },
}

/// Why a running script is being ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopCause {
    /// Since when.
    pub since: Timestamp,
    /// What the attempt's cause will be.
    pub cause: Cause,
    /// Whether it was already told to hurry.
    pub hurried: bool,
}

/// A user's wish to end a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether it should skip the polite part.
    pub hurry: bool,
}

impl JobRecord {
    /// Whether nothing more will happen.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, JobState::Ended { .. })
    }

    /// The newest attempt.
    pub fn attempt(&self) -> Option<&AttemptRecord> {
        self.attempts.last()
    }

    /// The cluster of the newest attempt.
    pub fn cluster_id(&self) -> Option<&ClusterId> {
        self.attempt().map(|attempt| &attempt.cluster)
    }
}
