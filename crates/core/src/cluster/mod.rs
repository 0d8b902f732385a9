//! What a cluster needs next.
//!
//! One look: [`observe`] takes in what the world says (who runs, who ended), [`accounting`] what that costs, [`ending`] decides
//! whether it must end, then the file of its state says what is to be done: [`starting`], [`slots`] or [`stopping`].
//! [`report`] gives the reasons; [`budget`] says what its job's limit pays for, [`stuck`] what no time will bring on.
//!
//! What always holds: a worker's name is never used twice; a process is started only after its intent is in the
//! record; nothing is concluded from a world that cannot be seen; after `Ended` nothing changes.

mod accounting;
pub(crate) mod budget;
mod drain;
mod ending;
mod observe;
mod past;
pub mod preempt;
mod refused;
mod report;
mod shortage;
mod shrink;
mod size;
mod setup;
mod slots;
mod starting;
mod stopping;
mod strays;
pub(crate) mod stuck;
mod unheard;

use std::time::Duration;

use caddis_types::Timestamp;
use caddis_types::api::Program;

pub use past::{past_scripts, past_workers};
pub use refused::start_refused;
pub use shortage::{no_capacity, preemptible};
pub(crate) use setup::TOO_LONG;

use crate::plan::Plan;
use crate::record::{ClusterRecord, ClusterState, JobRecord, Learned, Leaving, SlotRecord};
use crate::settings::Settings;
use crate::world::{ClusterWorld, Member};

/// Everything a decision about one cluster goes by.
#[derive(Clone, Copy, Debug)]
pub struct ClusterInput<'a> {
    /// What the database says.
    pub record: &'a ClusterRecord,
    /// What runs.
    pub world: &'a ClusterWorld,
    /// The job it was made for.
    pub job: Option<&'a JobRecord>,
    /// The scripts that may run on it: those of unfinished jobs whose newest attempt is here.
    pub scripts: &'a [Member],
    /// Workers that the scheduler would close first, by name; asked for only while slots must go.
    pub victims: &'a [String],
    /// How long things may take.
    pub settings: &'a Settings,
}

/// One look at one cluster.
pub fn plan(input: &ClusterInput<'_>, now: Timestamp) -> Plan<ClusterRecord> {
    let mut plan = Plan::keep(input.record.clone());
    let mut size = Vec::new();
    if !plan.record.state.is_ended() {
        // Whatever the counter says, a slot that is there is never counted as new.
        let after_last = plan.record.slots.keys().next_back().map_or(0, |last| last + 1);
        plan.record.next_slot = plan.record.next_slot.max(after_last);
        observe::absorb(&mut plan, input, now);
        accounting::note_idleness(&mut plan, input, now);
        accounting::keep(&mut plan, input, now);
        strays::end(&mut plan, input);
        ending::decide(&mut plan, input, now);
        match plan.record.state {
            ClusterState::Preparing { .. } => starting::prepare(&mut plan, input, now),
            ClusterState::Starting { .. } => starting::proceed(&mut plan, input, now),
            ClusterState::Running { .. } => {
                preempt::play(&mut plan, now);
                size = size::decide(&mut plan, input, now);
                shortage::give_back(&mut plan, now);
                slots::tend(&mut plan, input, now);
            }
            ClusterState::Stopping { .. } => stopping::proceed(&mut plan, input, now),
            ClusterState::Ended { .. } => {}
        }
    }
    report::explain(&mut plan, input, size, now);
    plan
}

/// The words by which a program's durations are known, for who reads them before its cluster is made.
pub fn durations_key(owner: &str, program: &Program) -> String {
    Learned::durations_key(owner, size::learn::words(program))
}

/// How many of a cluster's slots must go, so that the caller can ask the scheduler whom it would close first.
pub fn surplus(record: &ClusterRecord) -> u32 {
    let staying = record.slots.values().filter(|slot| slot.retiring.is_none()).count() as u32;
    staying.saturating_sub(record.workers_wanted.min(record.workers_desired + swapping(record)))
}

/// How many workers a cluster asks of the pool: as many as it is to have, and the successors of those that are taken away.
pub fn wished(record: &ClusterRecord) -> u32 {
    let taken = |slot: &&SlotRecord| slot.retiring.as_ref().is_some_and(|retiring| retiring.why == Leaving::Preempted);
    let taken = record.slots.values().filter(taken).count() as u32;
    record.workers_desired + taken + swapping(record)
}

/// One more than it is to have, while a preemptible worker comes for an on-demand one.
fn swapping(record: &ClusterRecord) -> u32 {
    u32::from(record.scaling.swap.is_some())
}

/// Bytes of the pool that a cluster holds: what it was granted, and what still runs beyond that.
pub fn held_bytes(record: &ClusterRecord) -> u64 {
    if record.state.is_ended() {
        return 0;
    }
    u64::from(record.workers_wanted.max(record.slots.len() as u32)) * record.shape.memory_bytes
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests;
