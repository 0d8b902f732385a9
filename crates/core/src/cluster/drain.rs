//! A worker that is one too many hands its data over and goes.
//!
//! The scheduler takes a worker whose drain comes to nothing back by itself (`caddis.runtime.drain`), and from then on it
//! gets tasks as before. So it is not enough that nothing is on it now: it must be known to take nothing in.

use std::time::Duration;

use caddis_types::Timestamp;

use super::{ClusterInput, preempt, slots};
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, Leaving, NewEvent, Retirement};
use crate::world::Member;

/// After a drain was asked for once more: the worker may still be copying.
const DRAIN_GRACE: Duration = Duration::from_secs(40);
/// How long a drain that is asked for again may take over running tasks.
const DRAIN_AGAIN: Duration = Duration::from_secs(5);

/// Asks for the drain, once more when its deadline is over, and ends the worker when even that was in vain. One that
/// still holds results, or of which nobody can say, is taken back instead: there may be no other worker to take them.
///
/// Asking once more is what makes the end safe: the first time may never have been heard, and only a worker that is
/// being drained gets no new tasks, so only of that one it is known that no result comes while we look away. Times
/// alone do not show that it was asked: a clock that jumps passes them all at once.
pub(super) fn step(
    plan: &mut Plan<ClusterRecord>,
    input: &ClusterInput<'_>,
    number: u32,
    member: &Member,
    retirement: &Retirement,
    now: Timestamp,
) {
    if retirement.why == Leaving::Preempted {
        return preempt::step(plan, number, member, retirement, now);
    }
    if retirement.asked_at.is_none() {
        let deadline = retirement.deadline.since(now);
        plan.actions.push(ask(member, deadline, Leaving::Surplus));
        plan.due_at(retirement.deadline);
        if let Some(retiring) = plan.record.slots.get_mut(&number).and_then(|slot| slot.retiring.as_mut()) {
            retiring.asked_at = Some(now);
        }
        let message = format!("worker `{member}` hands its data over and goes");
        plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.draining", message));
    } else if now < retirement.deadline {
        plan.due_at(retirement.deadline);
    } else if retirement.asked_again_at.is_none_or(|at| now < at + DRAIN_GRACE) {
        if let Some(retiring) = plan.record.slots.get_mut(&number).and_then(|slot| slot.retiring.as_mut()) {
            retiring.asked_again_at.get_or_insert(now);
        }
        plan.actions.push(ask(member, DRAIN_AGAIN, Leaving::Surplus));
        plan.due_at(now + 2 * DRAIN_AGAIN);
    } else if may_hold_data(input, member) || takes_tasks(input, member) {
        if let Some(slot) = plan.record.slots.get_mut(&number) {
            slot.retiring = None;
        }
        plan.due_at(now + input.settings.heartbeat);
        let message = format!("worker `{member}` stays: it could not hand its data over, and takes tasks again");
        plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.stays", message));
    } else {
        slots::end(plan, member.clone(), "it took too long over handing its data over", now);
    }
}

/// The request to its scheduler.
pub(super) fn ask(member: &Member, deadline: Duration, why: Leaving) -> Action {
    Action::DrainWorkers { workers: vec![member.to_string()], deadline, why }
}

/// A scheduler that does not know the worker any more has given up what was there.
fn may_hold_data(input: &ClusterInput<'_>, member: &Member) -> bool {
    let Some(dask) = &input.world.dask else { return true };
    dask.worker(&member.to_string()).is_some_and(|worker| worker.keys > 0)
}

/// Whether the scheduler gives it tasks, or will when it has memory again: a result may come at any moment.
fn takes_tasks(input: &ClusterInput<'_>, member: &Member) -> bool {
    let worker = input.world.dask.as_ref().and_then(|dask| dask.worker(&member.to_string()));
    worker.is_some_and(|worker| matches!(worker.status.as_str(), "running" | "paused"))
}
