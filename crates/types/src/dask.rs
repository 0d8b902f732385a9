//! What a Dask scheduler says of itself through the link (see docs/KEEPER.md).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Tasks by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskCounts {
    /// Waiting for other tasks.
    pub waiting: u64,
    /// Sent to a worker, running or about to.
    pub processing: u64,
    /// Done, with the result held.
    pub memory: u64,
    /// Failed.
    pub erred: u64,
    /// Known, and not wanted now.
    pub released: u64,
    /// Held back on the scheduler.
    pub queued: u64,
    /// No worker may run them.
    pub no_worker: u64,
}

/// Tasks of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PrefixView {
    /// The name that Dask gives the group's tasks.
    pub name: String,
    /// How many by state.
    pub states: BTreeMap<String, u64>,
    /// How many ever finished.
    pub done: u64,
    /// How many are or were known.
    pub total: u64,
    /// Seconds of computing.
    pub seconds: f64,
    /// The longest that one of its tasks was seen to run, seconds; shorter ones are not all seen.
    pub longest: f64,
    /// Seconds that one of its tasks is expected to take.
    pub expected: f64,
    /// Whether that was measured; else it is the scheduler's guess.
    pub measured: bool,
}

/// One worker as the scheduler sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkerView {
    /// The unique name that Caddis gave it.
    pub name: String,
    /// Its address.
    pub address: String,
    /// `running`, `paused`, `closing_gracefully`, ...
    pub status: String,
    /// CPU of the process, 100 a core.
    pub cpu: f64,
    /// Resident bytes.
    pub rss: u64,
    /// Bytes of results held.
    pub managed: u64,
    /// Bytes on disk.
    pub spilled: u64,
    /// Tasks running.
    pub executing: u64,
    /// Tasks assigned.
    pub processing: u64,
    /// Results held.
    pub keys: u64,
    /// Last heartbeat, seconds since 1970.
    pub last_seen: f64,
    /// Threads.
    pub nthreads: u32,
    /// Memory limit, bytes.
    pub memory_limit: u64,
}

/// Everything the scheduler says at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DaskSnapshot {
    /// When.
    pub at: Timestamp,
    /// Tasks by state.
    pub tasks: TaskCounts,
    /// Tasks finished so far.
    pub done: u64,
    /// Tasks known so far.
    pub total: u64,
    /// How often a task came to where no worker may run it (`no_worker`), so far.
    pub stranded: u64,
    /// The largest groups of tasks.
    pub prefixes: Vec<PrefixView>,
    /// Seconds of work expected on the workers.
    pub occupancy: f64,
    /// Seconds of work expected of tasks that are held back, or that no worker may run.
    pub queued_seconds: f64,
    /// Seconds of work expected of tasks that wait for others.
    pub waiting_seconds: f64,
    /// The longest time that one task which could run is expected to take, seconds.
    pub longest: f64,
    /// The longest that a task of a kind which could run was seen to run, seconds.
    pub longest_seen: f64,
    /// How long the task that runs longest has been running, seconds.
    pub running_longest: f64,
    /// Tasks that could run and of which nobody has measured how long they take.
    pub unmeasured: u64,
    /// Workers that have nothing to do and whose results the others have room for (Dask's `workers_to_close`).
    pub closable: Option<u32>,
    /// Threads of all workers.
    pub threads: u32,
    /// Tasks that could run now.
    pub runnable: u64,
    /// Workers that Dask's own adaptive rule would have.
    pub target: u32,
    /// Clients connected, our own excluded.
    pub clients: u32,
    /// Since when nothing is running or waiting.
    pub idle_since: Option<Timestamp>,
    /// Bytes of results held.
    pub data_bytes: u64,
    /// The workers.
    pub workers: Vec<WorkerView>,
}

impl DaskSnapshot {
    /// Whether the workers hold results that somebody may still want.
    pub fn holds_data(&self) -> bool {
        self.data_bytes > 0 || self.tasks.memory > 0 || self.workers.iter().any(|worker| worker.keys > 0)
    }

    /// The worker of this name, while the scheduler knows it.
    pub fn worker(&self, name: &str) -> Option<&WorkerView> {
        self.workers.iter().find(|worker| worker.name == name)
    }
}
