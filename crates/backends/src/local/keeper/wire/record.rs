//! What the keeper knows of one member: the content of `record.json` and of every event.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Kind;

/// How far a member has come. It only ever moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was asked for; no process is known.
    Intent,
    /// Its process is known and on disk.
    Started,
    /// It said that it serves.
    Ready,
    /// Its process is gone.
    Ended,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Nobody can tell any more, and why.
    Unknown(String),
}

/// Who ended it, where it did not end by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum KilledBy {
    /// It grew above its memory limit.
    Memory {
        /// Resident bytes at that moment.
        rss: u64,
        /// Its limit in bytes.
        limit: u64,
        /// Proportional bytes, on which the decision rests; absent where the kernel would not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pss: Option<u64>,
    },
    /// It was asked to stop.
    Stop {
        /// The caller's words.
        reason: String,
    },
    /// The kernel ran out of memory.
    KernelOom,
    /// Nobody renewed its cluster's lease.
    Lease,
    /// Its cluster was cleared away.
    Purge {
        /// The caller's words.
        reason: String,
    },
}

/// One member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `<cluster>/<name>`.
    pub key: String,
    /// Its cluster.
    pub cluster: String,
    /// What it is for.
    pub kind: Kind,
    /// Its folder.
    pub folder: PathBuf,
    /// How far it has come.
    pub state: State,
    /// The boot of the machine that it runs in.
    pub boot_id: String,
    /// Its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Clock ticks between boot and its start: with the pid and the boot id it names one process for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<u64>,
    /// Microseconds since 1970.
    pub intent_at: i64,
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<i64>,
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// The monotonic clock at its start, microseconds; it means something within one boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_tick: Option<u64>,
    /// How long it ran, microseconds, by that clock; absent where the machine was started anew meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lived_micros: Option<u64>,
    /// What it said when it served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<serde_json::Value>,
    /// The last remark that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<serde_json::Value>,
    /// Resident bytes, last seen. A change of this and the next two alone is no event.
    #[serde(default)]
    pub rss: u64,
    /// Most resident bytes seen.
    #[serde(default)]
    pub peak_rss: u64,
    /// Processor seconds, user and system; of an ended child of the keeper with what it waited for.
    #[serde(default)]
    pub cpu_seconds: f64,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Who ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed_by: Option<KilledBy>,
    /// Of a job: user code was reached.
    #[serde(default)]
    pub began: bool,
}

impl Record {
    /// Whether its process may still run.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.state != State::Ended
    }
}
