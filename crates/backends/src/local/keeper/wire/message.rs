//! Requests, answers and events on `keeper.sock`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Launch, Record};

/// A request: `{"id": N, "op": "...", ...}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the caller; its answer carries it.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub op: Op,
}

/// What can be asked of the keeper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// A snapshot; events follow it on this connection.
    Hello {
        /// The caller's version.
        version: String,
    },
    /// Run a member.
    Start {
        /// What to run.
        launch: Box<Launch>,
    },
    /// End a member, politely first.
    Stop {
        /// Which.
        key: String,
        /// Told in its record.
        reason: String,
        /// Signals before SIGKILL.
        #[serde(default)]
        ladder: Vec<Rung>,
    },
    /// Kill everything of a cluster.
    Purge {
        /// Which.
        cluster: String,
        /// Told in the records.
        reason: String,
    },
    /// Drop ended records.
    Forget {
        /// Which.
        keys: Vec<String>,
    },
    /// End a member's standard input.
    CloseStdin {
        /// Which.
        key: String,
    },
    /// End the idle fork servers of the interpreters in a folder, which is about to be removed.
    Cool {
        /// Which.
        folder: PathBuf,
    },
    /// What the keeper itself uses.
    Stats,
    /// End the keeper.
    Shutdown,
}

impl Op {
    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Start { .. } => "start",
            Self::Stop { .. } => "stop",
            Self::Purge { .. } => "purge",
            Self::Forget { .. } => "forget",
            Self::CloseStdin { .. } => "close_stdin",
            Self::Cool { .. } => "cool",
            Self::Stats => "stats",
            Self::Shutdown => "shutdown",
        }
    }

    /// The names of all operations, as on the wire.
    pub const NAMES: [&'static str; 9] = [
        "hello",
        "start",
        "stop",
        "purge",
        "forget",
        "close_stdin",
        "cool",
        "stats",
        "shutdown",
    ];
}

/// One step of a ladder: send the signal, then wait so long before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// What to send.
    pub signal: SignalName,
    /// How long to wait after it.
    pub wait_ms: u64,
}

/// The signals that a ladder may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SignalName {
    /// As Ctrl-C.
    Int,
    /// The polite end.
    Term,
    /// As a lost terminal.
    Hup,
    /// As Ctrl-\.
    Quit,
    /// The end that nobody can refuse.
    Kill,
}

/// An answer: exactly one of `ok` and `error` is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request's.
    pub id: u64,
    /// The result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<serde_json::Value>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl WireError {
    /// An error of this code, in these words.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The keeper's version.
    pub version: String,
    /// Its process.
    pub pid: i32,
    /// This boot.
    pub boot_id: String,
    /// Every member that was not forgotten.
    pub members: Vec<Record>,
    /// The fork servers that run.
    #[serde(default)]
    pub fork_servers: Vec<ForkServerView>,
}

/// The answer to `stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// The keeper's own resident bytes.
    pub rss_bytes: u64,
    /// Processor seconds that it has used.
    pub cpu_seconds: f64,
    /// The fork servers that run.
    pub fork_servers: Vec<ForkServerView>,
    /// Members that live.
    pub members: u64,
    /// How memory limits are held.
    #[serde(default)]
    pub limits: LimitsView,
}

/// How memory limits are held: by looking at each member, and by groups of the kernel where some can be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsView {
    /// The folder of the groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<PathBuf>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

/// What is told after `hello`, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A record changed.
    Member {
        /// The whole record.
        member: Box<Record>,
    },
    /// A fork server changed.
    ForkServer {
        /// All that is known of it.
        fork_server: ForkServerView,
    },
}

/// One fork server, as told to the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForkServerView {
    /// Its interpreter.
    pub python: PathBuf,
    /// The fingerprint in its key.
    pub fingerprint: String,
    /// Its process.
    pub pid: i32,
    /// `starting`, `serving`, `failed` or `ended`.
    pub state: String,
    /// What it said of itself when it served: versions and times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<serde_json::Value>,
    /// Why it failed or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
    /// What it has imported since, in order.
    #[serde(default)]
    pub imported: Vec<String>,
}
