//! Tasks that no worker of this kind can run.
//!
//! Without any worker Dask says of every task that none may run it, so one that waits for a resource, a host or memory that
//! no worker has looks like one that merely waits for the first worker. It is worth a worker once. If that one is there and
//! the task still stands where it stood, others like it would not help either: it counts as no work, and the cluster goes
//! to its minimum, until there are others.
//!
//! Deliberately absent: what each task asks for. The scheduler counts its tasks for us and does not describe them.

use serde::{Deserialize, Serialize};

use super::{Memory, Signals};

/// Tasks that a worker of this kind was there for and could not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unhelped {
    /// How many.
    pub tasks: u64,
    /// How often a task had come there by then: so they are known again.
    pub stranded: u64,
}

impl Unhelped {
    fn of(signals: &Signals) -> Unhelped {
        Unhelped { tasks: signals.no_worker, stranded: signals.stranded }
    }
}

impl Memory {
    /// Takes in whether a worker helps. What was said while others ran says nothing: one that ends with its worker comes
    /// back and waits for the next one.
    pub(super) fn notice_unhelped(&mut self, signals: &Signals) {
        let known = Some(Unhelped::of(signals)).filter(|_| signals.no_worker > 0);
        self.unhelped = match signals.processing + signals.queued {
            0 if shown(signals) => known,
            0 if signals.ready == 0 => self.unhelped.filter(|before| Some(*before) == known),
            _ => None,
        };
    }
}

/// Of the tasks that no worker may run, those that one more of these might.
pub(super) fn may_run(signals: &Signals, memory: &Memory) -> u64 {
    // While others serve, what no worker may run wants another kind of worker than one more of these.
    let stuck = signals.ready > 0 || memory.unhelped == Some(Unhelped::of(signals));
    if stuck { 0 } else { signals.no_worker }
}

/// Why they do not run, for people.
pub(crate) fn sentence(tasks: u64) -> String {
    let tasks = if tasks == 1 { "1 task waits".to_owned() } else { format!("{tasks} tasks wait") };
    format!("{tasks} for a resource, a host or memory that no worker has (`no-worker` to Dask), and more workers like these do not help")
}

/// What would change that.
pub(crate) const NEXT: &str = "cancel what waits, or submit it without `resources=` or `workers=`; other tasks start workers as ever";

/// Whether the scheduler itself knows a worker: one that is ready by the record may not have come to it yet.
fn shown(signals: &Signals) -> bool {
    signals.ready > 0 && signals.idle != Some(0)
}
