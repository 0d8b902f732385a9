//! The world: what really runs, as far as it can be seen. Each thing in it is present, absent or unknown.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use caddis_types::dask::DaskSnapshot;
use caddis_types::{JobId, Timestamp};
use serde::{Deserialize, Serialize};

/// Something looked at, or not to be seen just now.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed<T> {
    /// Seen.
    Known(T),
    /// Not to be seen, and why. Nothing may be concluded from it.
    Unknown(String),
}

/// Which process of a cluster: the part of a member's key after the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// The scheduler.
    Scheduler,
    /// A worker.
    Worker {
        /// Its slot.
        slot: u32,
        /// Which process in that slot.
        attempt: u32,
    },
    /// A program that sets the cluster up; each is started once.
    Setup {
        /// Which, from 0.
        step: u32,
    },
    /// A job's script.
    Job {
        /// The job.
        job: JobId,
        /// Which try.
        attempt: u32,
    },
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Scheduler => f.write_str("scheduler.1"),
            Member::Worker { slot, attempt } => write!(f, "worker-{slot:04}.{attempt}"),
            Member::Setup { step } => write!(f, "setup-{step:04}.1"),
            Member::Job { job, attempt } => write!(f, "{job}.{attempt}"),
        }
    }
}

impl FromStr for Member {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("`{text}` is not the name of a cluster's process");
        let (name, attempt) = text.rsplit_once('.').ok_or_else(error)?;
        let attempt = attempt.parse().map_err(|_| error())?;
        if name == "scheduler" {
            Ok(Member::Scheduler)
        } else if let Some(slot) = name.strip_prefix("worker-") {
            Ok(Member::Worker { slot: slot.parse().map_err(|_| error())?, attempt })
        } else if let Some(step) = name.strip_prefix("setup-") {
            Ok(Member::Setup { step: step.parse().map_err(|_| error())? })
        } else {
            Ok(Member::Job { job: name.parse().map_err(|_| error())?, attempt })
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody could see; the text says why.
    Unknown(String),
}

/// Who ended a process, as far as the keeper knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum KilledBy {
    /// Its memory limit.
    Memory {
        /// Bytes it had.
        rss: u64,
        /// Bytes it might have.
        limit: u64,
    },
    /// The kernel, out of memory.
    KernelOom,
    /// We were asked to.
    Stop {
        /// Why.
        reason: String,
    },
    /// Its cluster was ended.
    Purge {
        /// Why.
        reason: String,
    },
    /// Nobody wanted the cluster any more.
    Lease,
}

/// The last frame of a traceback, in the user's own code where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: String,
    /// The text of that line.
    pub source: String,
}

/// An exception that reached the top of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExceptionFacts {
    /// Its class.
    #[serde(rename = "type")]
    pub kind: String,
    /// The module of its class.
    pub module: String,
    /// Its text.
    pub message: String,
    /// Where it was raised.
    pub last_frame: Option<Frame>,
    /// For import errors: what is missing.
    pub missing_module: Option<String>,
    /// The end of the traceback.
    pub traceback_tail: String,
}

/// What a script's entry point wrote before it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScriptOutcome {
    /// The exit code it was about to end with.
    pub code: Option<i32>,
    /// The exception, if one reached the top.
    pub exception: Option<ExceptionFacts>,
    /// Whether it connected to our cluster.
    pub connected: Option<bool>,
    /// Whether it started a LocalCluster of its own.
    pub own_local_cluster: Option<bool>,
}

/// A process's end.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How.
    pub exit: Exit,
    /// By whom.
    pub killed_by: Option<KilledBy>,
    /// Scripts: whether user code was reached.
    pub began: bool,
    /// Scripts: what the entry point wrote.
    pub outcome: Option<ScriptOutcome>,
    /// The end of its log, for the evidence.
    pub log_tail: String,
}

/// What a member said when it was ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadyFacts {
    /// Where it listens.
    pub address: Option<String>,
    /// Schedulers: the port of the dashboard.
    pub dashboard_port: Option<u16>,
}

/// One process, as the keeper sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberView {
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When and with what it was ready.
    pub ready: Option<(Timestamp, ReadyFacts)>,
    /// How it ended.
    pub end: Option<End>,
    /// Largest resident size so far, bytes.
    pub peak_rss: u64,
    /// How long it has run, or ran, by a clock that nobody sets; absent where nobody measured it.
    pub lived: Option<Duration>,
}

/// The processes of one cluster.
pub type Members = BTreeMap<Member, MemberView>;

/// How far an environment is.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvironmentStatus {
    /// Nobody has asked for it since this server started.
    Absent,
    /// It is being built; the text says what is being done.
    Building(String),
    /// It can be used.
    Ready,
    /// It cannot be built or used.
    Failed(caddis_types::Cause),
}

/// What is known of one cluster outside the database.
#[derive(Clone, Debug)]
pub struct ClusterWorld {
    /// Its processes.
    pub members: Observed<Members>,
    /// Its environment.
    pub environment: EnvironmentStatus,
    /// What its scheduler said last, while the link is up.
    pub dask: Option<DaskSnapshot>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_survive_text() {
        let job: JobId = "job_0123456789abcdef".parse().unwrap();
        for member in [
            Member::Scheduler,
            Member::Worker { slot: 3, attempt: 2 },
            Member::Worker { slot: 12345, attempt: 1 },
            Member::Setup { step: 2 },
            Member::Job { job, attempt: 4 },
        ] {
            assert_eq!(member.to_string().parse(), Ok(member));
        }
        assert!("worker-x.1".parse::<Member>().is_err());
    }
}
