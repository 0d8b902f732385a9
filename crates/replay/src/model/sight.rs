//! What a policy is shown of the cluster: to each what it would have in real life.

use caddis_core::autoscale::Signals;
use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::durations::Durations;
use super::fleet::{Fleet, WorkerId};
use super::work::{Piece, Work};
use super::{Micros, Settings, seconds};

/// `distributed.scheduler.worker-saturation`: so many tasks a thread are sent to workers, the rest is held back.
const SATURATION: f64 = 1.1;
/// Dask's scheduler looks at so many of the tasks that are held back.
const FIRST: u64 = 100;
/// What a busy thread uses of a processor.
const BUSY: f64 = 0.95;

/// The cluster as it is.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What it is made of.
    pub settings: &'a Settings,
    pub(super) fleet: &'a Fleet,
    pub(super) work: &'a Work,
    pub(super) durations: &'a Durations,
    pub(super) now: Micros,
    pub(super) idle_since: Option<Micros>,
}

/// What Dask's `adaptive_target` and `workers_to_close` go by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dask {
    /// `len(queued) + len(unrunnable)`.
    pub held: u64,
    /// Expected seconds of the first hundred of those.
    pub first_seconds: f64,
    /// `total_occupancy`.
    pub occupancy: f64,
    /// `workers`, in order.
    pub workers: Vec<DaskWorker>,
    /// Those that were asked for and have not arrived, in order.
    pub not_arrived: Vec<WorkerId>,
}

/// A `WorkerState`, as far as scaling goes by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaskWorker {
    /// Its name.
    pub name: WorkerId,
    /// `len(processing)`.
    pub processing: u64,
    /// `nthreads`.
    pub threads: u32,
    /// `memory_limit`, bytes.
    pub memory_limit: u64,
    /// `nbytes` of results.
    pub nbytes: u64,
    /// Whether it has no long-running task and takes part in no shuffle.
    pub may_close: bool,
}

/// What a YARN cluster's metrics would say, in containers of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Yarn {
    /// Asked for and not given.
    pub pending: u64,
    /// Given.
    pub allocated: u64,
    /// Free.
    pub available: u64,
}

/// How tasks are divided between workers and the scheduler's queue.
#[derive(Clone, Copy, Debug, Default)]
struct Split {
    processing: u64,
    queued: u64,
    no_worker: u64,
}

impl Sight<'_> {
    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// Workers that were asked for and not told to go.
    pub fn current(&self) -> u32 {
        self.fleet.staying()
    }

    /// Whether this one was asked for and not told to go.
    pub fn stays(&self, worker: WorkerId) -> bool {
        self.fleet.stays(worker)
    }

    /// Active groups with where their tasks are.
    fn pieces(&self) -> Vec<(&Piece, Split)> {
        let ready = u64::from(self.fleet.ready());
        let threads = f64::from(self.settings.threads.max(1));
        let each = (SATURATION * threads).ceil().max(1.0) as u64;
        let many = 2 * ready * u64::from(self.settings.threads);
        let active = self.work.active.iter().map(|(_, index)| &self.work.pieces[*index]);
        // Tasks without dependencies, and many of them, are held back; all others are sent at once.
        let is_held = |piece: &Piece| piece.is_first() && piece.tasks > many;
        let sent: u64 = active.clone().filter(|piece| !is_held(piece)).map(|piece| piece.standing).sum();
        let mut room = (ready * each).saturating_sub(self.fleet.running + sent);
        let split = |piece: &Piece| match (ready, is_held(piece)) {
            (0, true) => Split { processing: piece.running, queued: piece.standing, no_worker: 0 },
            (0, false) => Split { processing: piece.running, queued: 0, no_worker: piece.standing },
            (_, false) => Split { processing: piece.running + piece.standing, queued: 0, no_worker: 0 },
            (_, true) => {
                let sent = room.min(piece.standing);
                room -= sent;
                Split { processing: piece.running + sent, queued: piece.standing - sent, no_worker: 0 }
            }
        };
        let mut split = split;
        active.map(|piece| (piece, split(piece))).collect()
    }

    /// What the scheduler's preload would say.
    pub fn signals(&self) -> Signals {
        let ready = self.fleet.ready();
        let (done, done_seconds) = self.durations.done();
        let mut signals = Signals {
            at: self.now(),
            threads: self.settings.threads,
            ready,
            starting: self.fleet.starting(),
            retiring: self.fleet.draining(),
            idle: Some(self.fleet.idle()),
            executing: self.fleet.running,
            cpu: BUSY * self.fleet.running as f64 / (f64::from(ready) * f64::from(self.settings.threads)).max(1.0),
            data_bytes: self.work.data_bytes,
            memory: self.memory(),
            memory_fullest: self.memory(),
            data: self.memory(),
            clients: 1,
            done,
            done_seconds,
            idle_since: self.idle_since.map(Timestamp),
            running_longest: self.durations.oldest().map_or(0.0, |began| seconds(self.now - began)),
            ..Signals::default()
        };
        let mut unknown = 0;
        for (piece, split) in self.pieces() {
            let (named, runnable) = (&self.durations[piece.named], piece.running + piece.standing);
            let expected = named.expected();
            signals.processing += split.processing;
            signals.queued += split.queued;
            signals.no_worker += split.no_worker;
            signals.occupancy += split.processing as f64 * expected;
            signals.queued_seconds += (split.queued + split.no_worker) as f64 * expected;
            signals.longest = signals.longest.max(expected);
            signals.longest_seen = signals.longest_seen.max(named.longest_seen());
            if named.is_unknown() {
                unknown += runnable;
                signals.guessed_seconds += runnable as f64 * (expected - named.longest_seen().max(0.0)).max(0.0);
            }
            if piece.pinned_by.is_some() {
                signals.pinned += runnable;
                signals.pinned_seconds += runnable as f64 * expected;
            }
        }
        for index in &self.work.waiting {
            let piece = &self.work.pieces[*index];
            signals.waiting += piece.tasks;
            signals.waiting_seconds += piece.tasks as f64 * self.durations[piece.named].expected();
        }
        signals.executing = signals.executing.min(signals.processing);
        signals.unknown = unknown as f64 / signals.runnable().max(1) as f64;
        signals
    }

    fn memory(&self) -> f64 {
        let limit = f64::from(self.fleet.ready()) * self.settings.memory_bytes as f64;
        if limit > 0.0 { self.work.data_bytes as f64 / limit } else { 0.0 }
    }

    /// What Dask's own rule would go by.
    pub fn dask(&self) -> Dask {
        let mut dask = Dask::default();
        let (mut looked, mut assigned) = (0, 0);
        for (piece, split) in self.pieces() {
            let expected = self.durations[piece.named].dask();
            let held = split.queued + split.no_worker;
            let looks = held.min(FIRST - looked);
            dask.first_seconds += looks as f64 * expected;
            looked += looks;
            dask.held += held;
            dask.occupancy += split.processing as f64 * expected;
            assigned += split.processing - piece.running;
        }
        let pinned = self.work.pinned_since();
        let share = self.work.data_bytes.checked_div(u64::from(self.fleet.ready())).unwrap_or(0);
        dask.workers = self
            .fleet
            .serving()
            .map(|(name, running, ready)| DaskWorker {
                name,
                // What is assigned and does not run is somewhere; only the sum of it matters.
                processing: running + if running > 0 { std::mem::take(&mut assigned) } else { 0 },
                threads: self.settings.threads,
                memory_limit: self.settings.memory_bytes,
                nbytes: share,
                may_close: pinned.is_none_or(|pinned| ready > pinned),
            })
            .collect();
        dask.not_arrived = self.fleet.starters();
        dask
    }

    /// What YARN would say if every task were a container.
    pub fn yarn(&self) -> Yarn {
        let standing = self.work.standing.iter().map(|(_, index)| self.work.pieces[*index].standing).sum();
        let threads = u64::from(self.fleet.ready()) * u64::from(self.settings.threads);
        let allocated = self.fleet.running;
        Yarn { pending: standing, allocated, available: threads.saturating_sub(allocated) }
    }
}
