//! The work at hand, and when it ends with how many workers.
//!
//! An estimate that errs in known directions: work is divided evenly over threads (so the end of a run comes a little
//! later), tasks that wait for others are left out (so there is more to come), running tasks are half done.

use super::decide::Scene;
use super::unhelped;

/// What could run now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backlog {
    /// Tasks that a new worker of this kind could run, those that run already included.
    pub(super) tasks: f64,
    /// Of all runnable ones, those that no thread runs yet.
    pub(super) standing: f64,
    /// What is left of all of them, seconds of a thread.
    pub(super) seconds: f64,
    /// What one takes on average, seconds.
    pub(super) mean: f64,
    /// Tasks that hold threads of the present workers and could not go elsewhere.
    pinned: f64,
    /// No sooner than this ends the longest, seconds.
    longest: f64,
    threads: f64,
    /// When workers asked for earlier arrive, and when one asked for now would, seconds from now.
    pending: f64,
    arrival: f64,
    ready: f64,
    current: f64,
}

impl Backlog {
    pub(super) fn of(scene: &Scene<'_>) -> Backlog {
        let signals = scene.signals;
        let held = signals.queued + unhelped::may_run(signals, scene.memory);
        let share = if held == 0 { 0.0 } else { held as f64 / (signals.queued + signals.no_worker) as f64 };
        let (processing, held) = (signals.processing as f64, held as f64);
        let running = signals.executing.min(signals.processing) as f64;
        let on_workers = sane(signals.occupancy) * (1.0 - 0.5 * running / processing.max(1.0));
        let pinned = (signals.pinned as f64).min(processing);
        let tasks = processing + held;
        let seconds = on_workers + sane(signals.queued_seconds) * share;
        let mean = (sane(signals.occupancy) + sane(signals.queued_seconds) * share) / tasks.max(1.0);
        let standing = (tasks - running).max(0.0);
        let longest = sane(signals.longest) * if standing > 0.0 { 1.0 } else { 0.5 };
        Backlog {
            tasks: tasks - pinned,
            standing,
            seconds,
            mean,
            pinned,
            longest,
            threads: scene.threads(),
            pending: pending(scene),
            arrival: scene.start_seconds(),
            ready: f64::from(signals.ready),
            current: f64::from(scene.current.max(signals.ready)),
        }
    }

    /// The same tasks, if they took only this share of what is expected.
    pub(super) fn shortened(&self, share: f64) -> Backlog {
        Backlog { seconds: self.seconds * share, mean: self.mean * share, longest: self.longest * share, ..*self }
    }

    /// Workers that its tasks could keep busy.
    pub(super) fn useful(&self) -> u32 {
        let pinned = self.pinned.min(self.ready * self.threads);
        workers((self.tasks + pinned) / self.threads)
    }

    /// Work that is left when a worker asked for now arrives, seconds of a thread.
    pub(super) fn left_at_arrival(&self) -> f64 {
        let before = self.pending.min(self.arrival);
        let done = self.ready * before + self.current * (self.arrival - before);
        (self.seconds - done * self.threads).max(0.0)
    }

    /// When it ends with `workers` asked for now, seconds from now.
    pub(super) fn ends(&self, workers: u32) -> f64 {
        let rate = |workers: f64| workers * self.threads;
        let first = rate(self.ready) * self.pending;
        let left = self.left_at_arrival();
        let end = if self.seconds <= first {
            self.seconds / rate(self.ready).max(f64::MIN_POSITIVE)
        } else if f64::from(workers) <= self.current || left == 0.0 {
            let planned = rate(self.current);
            if planned == 0.0 { f64::INFINITY } else { self.pending + (self.seconds - first) / planned }
        } else {
            self.arrival + (left / rate(f64::from(workers))).max(self.mean)
        };
        end.max(self.longest).max(self.in_waves(f64::from(workers)))
    }

    /// Tasks that all take the same are run in waves: one more than fits takes as long as a whole wave. Of many waves
    /// it does not matter, nor of tasks that differ.
    fn in_waves(&self, workers: f64) -> f64 {
        const FEW: u32 = 8;
        if self.longest > 1.5 * self.mean || self.mean <= 0.0 {
            return 0.0;
        }
        let (from, new) = if workers > self.current { (self.arrival, workers - self.current) } else { (0.0, 0.0) };
        let (old, new) = (self.current * self.threads, new * self.threads);
        let begun = old * from / self.mean;
        let standing = self.standing - begun;
        if standing <= 0.0 {
            return 0.0;
        }
        // By halves of a task: old threads are in the middle of one, new ones begin.
        let served = |half: u32| new * f64::from(half / 2) + old * f64::from((half - 1) / 2);
        let halves = (1..=FEW).find(|half| served(*half) >= standing - 1e-9);
        halves.map_or(0.0, |halves| from + f64::from(halves) * self.mean / 2.0)
    }
}

/// When the workers that were asked for earlier arrive. One that is long overdue may never come.
fn pending(scene: &Scene<'_>) -> f64 {
    if scene.current <= scene.signals.ready {
        return 0.0;
    }
    let start = scene.start_seconds();
    let Some(asked) = scene.memory.grew_at else {
        return start;
    };
    let waited = scene.now.since(asked).as_secs_f64();
    if waited > 2.0 * start + 10.0 { start } else { (start - waited).max(0.0) }
}

/// What was measured may be wrong; it is never a negative time, and not one that is no number.
fn sane(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds.max(0.0) } else { 0.0 }
}

/// Whole workers for a share of one.
pub(super) fn workers(exact: f64) -> u32 {
    // A billionth less, so that rounding errors do not cost a worker.
    (exact - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}
