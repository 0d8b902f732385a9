//! What the database says of a cluster.
//!
//! ```text
//! Preparing -> Starting -> Running -> Stopping -> Ended
//!      \___________\_________________/^
//! ```

use std::collections::BTreeMap;

use caddis_types::api::{EnvironmentWish, Program};
use caddis_types::shape::ClusterShape;
use caddis_types::{Cause, ClusterId, JobId, NanoDollars, Timestamp, Umask};
use serde::{Deserialize, Serialize};

use super::Account;
use super::scaling::Scaling;

/// One scheduler and its worker slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// Its id.
    pub id: ClusterId,
    /// The generation that was read; 0 when it is new.
    pub generation: u64,
    /// Whose it is.
    pub owner: String,
    /// Its name, unique among an owner's living clusters.
    pub name: Option<String>,
    /// Tags, for cost reports.
    pub tags: BTreeMap<String, String>,
    /// The job it was made for, and ends with.
    pub job: Option<JobId>,
    /// How it is built.
    pub shape: ClusterShape,
    /// Which Python environment.
    pub environment: EnvironmentWish,
    /// The program whose header names requirements and whose folder imports.
    pub program: Option<Program>,
    /// The folder it works in.
    pub cwd: String,
    /// The mask of the modes of the files that its processes make.
    #[serde(default, skip_serializing_if = "Umask::is_usual")]
    pub umask: Umask,
    /// Workers that load, or a user, asks for; within the shape's range.
    pub workers_desired: u32,
    /// Workers granted by the pool; slots follow it.
    pub workers_wanted: u32,
    /// How its size is decided.
    #[serde(default)]
    pub scaling: Scaling,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it first served.
    pub ready_at: Option<Timestamp>,
    /// How far it is.
    pub state: ClusterState,
    /// Its scheduler; there is one for the whole life of a cluster.
    pub scheduler: Option<SchedulerRecord>,
    /// What is run before it serves, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup: Vec<SetupRecord>,
    /// Its worker slots by number.
    pub slots: BTreeMap<u32, SlotRecord>,
    /// The number of the next new slot; numbers are never used twice.
    pub next_slot: u32,
    /// A user's wish to end it.
    pub stop_wish: Option<StopWhy>,
    /// Ends after nothing used it for this long, milliseconds; absent for a job's own cluster.
    pub idle_timeout_ms: Option<u64>,
    /// Since when nothing has used it.
    pub idle_since: Option<Timestamp>,
    /// Since when something has used it; only of a cluster that outlives its jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_since: Option<Timestamp>,
    /// Ends then, whatever uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Kept until then after its job failed.
    pub keep_until: Option<Timestamp>,
    /// What the user should know.
    pub notices: Vec<String>,
    /// Worker time that is in the ledger, microseconds.
    pub worker_micros: i64,
    /// Cost of what is in the ledger.
    pub cost: NanoDollars,
    /// What is open in its books.
    #[serde(default, skip_serializing_if = "Account::is_empty")]
    pub account: Account,
    /// The most workers that ran at one time.
    pub workers_peak: u32,
    /// The largest resident size of one worker, bytes.
    pub peak_memory: u64,
    /// Tasks finished, as the scheduler said last.
    pub tasks_done: u64,
    /// Clients other than our own that ever connected, as the scheduler said last.
    pub clients_seen: bool,
    /// Workers that died of memory; the job's diagnosis needs them after they are gone.
    pub deaths: Vec<Cause>,
}

/// How far a cluster is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterState {
    /// Its environment is being made ready.
    Preparing {
        /// Since when.
        since: Timestamp,
    },
    /// Scheduler and first workers were asked for.
    Starting {
        /// Since when.
        since: Timestamp,
    },
    /// It serves.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It is being ended.
    Stopping {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: StopWhy,
        /// When the scheduler was asked to close everything in an orderly way.
        closing_at: Option<Timestamp>,
        /// When nothing of it was left in the process table.
        purged_at: Option<Timestamp>,
    },
    /// Nothing of it is left.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why it ended; a failure where `why.cause` is present.
        why: StopWhy,
    },
}

impl ClusterState {
    /// Whether nothing more will happen.
    pub fn is_ended(&self) -> bool {
        matches!(self, ClusterState::Ended { .. })
    }

    /// Whether it is on its way out, or out.
    pub fn is_ending(&self) -> bool {
        matches!(self, ClusterState::Stopping { .. } | ClusterState::Ended { .. })
    }
}

/// Why a cluster ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopWhy {
    /// For people.
    pub sentence: String,
    /// Present when it is a failure.
    pub cause: Option<Cause>,
    /// Whether it must not wait for an orderly close.
    pub hurry: bool,
}

impl StopWhy {
    /// An orderly end.
    pub fn orderly(sentence: impl Into<String>) -> StopWhy {
        StopWhy { sentence: sentence.into(), cause: None, hurry: false }
    }

    /// A failure; nothing of it is worth waiting for.
    pub fn failure(cause: Cause) -> StopWhy {
        StopWhy { sentence: cause.sentence.clone(), cause: Some(cause), hurry: true }
    }
}

/// How far one process of a cluster is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberPhase {
    /// It starts no earlier than this (back-off).
    Waiting {
        /// When.
        not_before: Timestamp,
    },
    /// It was asked for; whether it runs is not known yet.
    Intended {
        /// When.
        at: Timestamp,
    },
    /// It runs.
    Running {
        /// When its process started.
        started_at: Timestamp,
        /// Its process.
        pid: u32,
        /// When it served; absent while it starts.
        ready_at: Option<Timestamp>,
    },
    /// It ended (a worker's slot waits for the next attempt instead).
    Ended {
        /// When.
        at: Timestamp,
    },
}

/// The scheduler of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchedulerRecord {
    /// How far it is.
    pub phase: MemberPhase,
    /// Where it listens, once it does.
    pub address: Option<String>,
    /// Port of its dashboard, once it serves.
    pub dashboard_port: Option<u16>,
}

/// A program that sets the cluster up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetupRecord {
    /// What people call it.
    pub name: String,
    /// The executable file, absolute.
    pub command: String,
    /// How long it may run, milliseconds.
    pub deadline_ms: u64,
    /// How far it is; it waits until scheduler, workers and those before it are ready.
    pub phase: MemberPhase,
    /// Why it failed, after which the cluster does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Cause>,
}

/// A place for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// Which process in this slot; 1 is the first.
    pub attempt: u32,
    /// How far that process is.
    pub phase: MemberPhase,
    /// When that process was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// How many processes in a row died young here.
    pub failures: u32,
    /// Why the last one died.
    pub last_death: Option<Cause>,
    /// Whether its workers may be taken away at any time, for a lower price.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preemptible: bool,
    /// Since when its scheduler has not known a worker that runs and was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard_since: Option<Timestamp>,
    /// Set when the slot is to go.
    pub retiring: Option<Retirement>,
}

impl SlotRecord {
    /// A new slot, whose first process may start at once.
    pub fn first(now: Timestamp, preemptible: bool) -> SlotRecord {
        SlotRecord {
            attempt: 1,
            phase: MemberPhase::Waiting { not_before: now },
            asked_at: None,
            failures: 0,
            last_death: None,
            preemptible,
            unheard_since: None,
            retiring: None,
        }
    }
}

/// A slot on its way out: its worker hands its data over first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retirement {
    /// Since when.
    pub since: Timestamp,
    /// When waiting ends and the worker is ended all the same.
    pub deadline: Timestamp,
    /// When the drain was asked for.
    pub asked_at: Option<Timestamp>,
    /// When it was asked for once more, its deadline being over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_again_at: Option<Timestamp>,
    /// Why it goes.
    #[serde(default, skip_serializing_if = "Leaving::is_surplus")]
    pub why: Leaving,
}

/// Why a slot goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// It is one too many: it goes when its data is safe, or not at all.
    #[default]
    Surplus,
    /// Its worker is taken away at the deadline, whatever it holds then.
    Preempted,
}

impl Leaving {
    fn is_surplus(&self) -> bool {
        *self == Leaving::Surplus
    }
}

impl ClusterRecord {
    /// Whether the load moves the number of its workers.
    pub fn adapts(&self) -> bool {
        !self.scaling.fixed && self.shape.workers_min < self.shape.workers_max
    }

    /// When the number of workers that it wants last changed, by somebody's word or by the load.
    pub fn wished_at(&self) -> Timestamp {
        let Scaling { said_at, memory, .. } = &self.scaling;
        said_at.max(&memory.grew_at).max(&memory.shrank_at).or(self.ready_at).unwrap_or(self.created_at)
    }

    /// A cluster that was just asked for: no workers granted, nothing started.
    pub fn new(id: ClusterId, owner: String, shape: ClusterShape, now: Timestamp) -> ClusterRecord {
        ClusterRecord {
            id,
            generation: 0,
            owner,
            name: None,
            tags: BTreeMap::new(),
            job: None,
            workers_desired: shape.workers_min,
            workers_wanted: 0,
            shape,
            environment: EnvironmentWish::default(),
            program: None,
            cwd: String::new(),
            umask: Umask::default(),
            scaling: Scaling::default(),
            created_at: now,
            ready_at: None,
            state: ClusterState::Preparing { since: now },
            scheduler: None,
            setup: Vec::new(),
            slots: BTreeMap::new(),
            next_slot: 0,
            stop_wish: None,
            idle_timeout_ms: None,
            idle_since: None,
            used_since: None,
            ends_at: None,
            keep_until: None,
            notices: Vec::new(),
            worker_micros: 0,
            cost: NanoDollars(0),
            account: Account::default(),
            workers_peak: 0,
            peak_memory: 0,
            tasks_done: 0,
            clients_seen: false,
            deaths: Vec::new(),
        }
    }
}
