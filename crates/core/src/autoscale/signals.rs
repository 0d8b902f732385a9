//! What a decision goes by.

use caddis_types::{NanoDollars, Timestamp};
use serde::{Deserialize, Serialize};

/// One look at a cluster, as its scheduler and its records tell it. Seconds are seconds of one thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signals {
    /// When the scheduler said it.
    pub at: Timestamp,
    /// Threads a worker.
    pub threads: u32,
    /// Workers that serve and stay.
    pub ready: u32,
    /// Workers that were asked for and do not serve yet.
    pub starting: u32,
    /// Workers that are handing their data over.
    pub retiring: u32,
    /// Workers that serve, stay, and have nothing to do; absent where nobody counted.
    pub idle: Option<u32>,
    /// Tasks on the workers, running or about to.
    pub processing: u64,
    /// Of those, the ones that ran at the last heartbeats.
    pub executing: u64,
    /// Tasks held back on the scheduler.
    pub queued: u64,
    /// Tasks that no worker may run.
    pub no_worker: u64,
    /// How often a task came there, so far: as many as before are the same ones only where this is what it was.
    pub stranded: u64,
    /// Tasks that wait for others.
    pub waiting: u64,
    /// Runnable tasks that only workers which are there may run, such as those that unpack a shuffle.
    pub pinned: u64,
    /// Expected seconds of the tasks on the workers that are not done yet.
    pub occupancy: f64,
    /// Expected seconds of the tasks held back (`queued` and `no_worker`).
    pub queued_seconds: f64,
    /// Of both, what is a guess: of kinds that nobody has measured, what is expected beyond the longest that one of their
    /// tasks has been running.
    pub guessed_seconds: f64,
    /// Expected seconds of the tasks that wait.
    pub waiting_seconds: f64,
    /// Expected seconds of the pinned tasks.
    pub pinned_seconds: f64,
    /// The longest expected duration among runnable tasks, seconds: no cluster ends sooner.
    pub longest: f64,
    /// The longest that a task of a runnable name was ever seen to run, here or in an earlier run, seconds: Dask's
    /// `max_exec_time`. Much more than `longest` where durations differ much.
    pub longest_seen: f64,
    /// How long the task that runs longest has been running, seconds.
    pub running_longest: f64,
    /// Share of the runnable tasks whose duration nobody has measured, here or in an earlier run: 0 to 1.
    pub unknown: f64,
    /// Tasks finished so far.
    pub done: u64,
    /// What the finished tasks took, seconds.
    pub done_seconds: f64,
    /// Resident bytes of the workers over their limits, 0 to 1: the mean over the cluster.
    pub memory: f64,
    /// The same of the fullest worker.
    pub memory_fullest: f64,
    /// CPU of the workers over their threads, 0 to 1.
    pub cpu: f64,
    /// Bytes of results held.
    pub data_bytes: u64,
    /// The same over the workers' limits: above what `memory` says where results were moved to the disk.
    pub data: f64,
    /// Clients connected, our own excluded.
    pub clients: u32,
    /// Workers that the scheduler would let go now (`workers_to_close`), when it was asked.
    pub closable: Option<u32>,
    /// Since when nothing runs or waits.
    pub idle_since: Option<Timestamp>,
}

impl Signals {
    /// The same in the digits that are stored: what a decision went by can be looked up, and not only almost.
    pub fn rounded(self) -> Signals {
        let digits = |value: f64| (value * 10_000.0).round() / 10_000.0;
        Signals {
            occupancy: digits(self.occupancy),
            queued_seconds: digits(self.queued_seconds),
            guessed_seconds: digits(self.guessed_seconds),
            waiting_seconds: digits(self.waiting_seconds),
            pinned_seconds: digits(self.pinned_seconds),
            longest: digits(self.longest),
            longest_seen: digits(self.longest_seen),
            running_longest: digits(self.running_longest),
            unknown: digits(self.unknown),
            done_seconds: digits(self.done_seconds),
            memory: digits(self.memory),
            memory_fullest: digits(self.memory_fullest),
            cpu: digits(self.cpu),
            data: digits(self.data),
            ..self
        }
    }

    /// Tasks that could run now.
    pub fn runnable(&self) -> u64 {
        self.processing + self.queued + self.no_worker
    }
}

/// What workers cost in time and money on this backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Economy {
    /// From asking for a worker to its first word, seconds, learned from earlier starts here.
    pub start_seconds: f64,
    /// A worker an hour.
    pub worker_hour: NanoDollars,
    /// The least that is billed for a worker, seconds.
    pub least_billed_seconds: f64,
}

impl Economy {
    /// Of the workers that Caddis itself starts. The ledger counts a minute at least, as a machine in the cloud would be
    /// billed. Here nobody is: a worker that was kept for the rest of its minute would hold memory that others wait for,
    /// and starts again in a moment (ADR 11).
    pub fn ours(start_seconds: f64, worker_hour: NanoDollars) -> Economy {
        Economy { start_seconds, worker_hour, least_billed_seconds: 0.0 }
    }
}
