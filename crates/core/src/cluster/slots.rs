//! Worker slots: each is in exactly one bucket and gets exactly the step of that bucket.
//!
//! | bucket | step |
//! |---|---|
//! | waiting for its pause | nothing until then |
//! | pause over, or new | intend the next process |
//! | intended, not seen | start it (the key makes repeating harmless) |
//! | runs, not ready | end it when it is late |
//! | runs, ready | nothing |
//! | retiring | hand over the data, then go; stay when that cannot be done |
//! | beyond the wanted number | retire, unless it is the last one and somebody's results are held |
//!
//! What always holds: no worker that holds results is ended for being one too many.

use caddis_types::Timestamp;
use caddis_types::dask::DaskSnapshot;

use super::{ClusterInput, surplus};
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, MemberPhase, NewEvent, Retirement, SlotRecord};
use crate::world::{EnvironmentStatus, Member, Observed};

pub(super) fn tend(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    grow(plan, now);
    shrink(plan, input, now);
    let numbers: Vec<u32> = plan.record.slots.keys().copied().collect();
    for number in numbers {
        step(plan, input, number, now);
    }
}

fn grow(plan: &mut Plan<ClusterRecord>, now: Timestamp) {
    while (plan.record.slots.len() as u32) < plan.record.workers_wanted {
        plan.record.slots.insert(plan.record.next_slot, SlotRecord::first(now, false));
        plan.record.next_slot += 1;
    }
}

/// Retires what is beyond the wanted number: first what does not run yet, then whom the scheduler would close.
fn shrink(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    plan.record.workers_wanted = plan.record.workers_wanted.min(plan.record.workers_desired);
    let mut surplus = surplus(&plan.record) as usize;
    let idle: Vec<u32> = plan
        .record
        .slots
        .iter()
        .filter(|(_, slot)| matches!(slot.phase, MemberPhase::Waiting { .. }) && slot.retiring.is_none())
        .map(|(number, _)| *number)
        .collect();
    for number in idle.into_iter().rev().take(surplus) {
        plan.record.slots.remove(&number);
        surplus -= 1;
    }
    let deadline = now + input.settings.drain;
    let surplus = surplus.min(spare(&plan.record, input));
    for slot in victims(plan, input).into_iter().take(surplus) {
        if let Some(slot) = plan.record.slots.get_mut(&slot) {
            slot.retiring = Some(Retirement { since: now, deadline, asked_at: None, asked_again_at: None });
        }
    }
}

/// How many workers may go: while results are held, as many stay as can take them from the others.
fn spare(record: &ClusterRecord, input: &ClusterInput<'_>) -> usize {
    let staying = |slot: &&SlotRecord| {
        slot.retiring.is_none() && matches!(slot.phase, MemberPhase::Running { ready_at: Some(_), .. })
    };
    let keepers = input.world.dask.as_ref().map_or(1, |dask| keepers(record, dask));
    record.slots.values().filter(staying).count().saturating_sub(keepers)
}

/// So many workers are needed for the results that are held: they have room for twice as much, as Dask's own rule has it.
pub(super) fn keepers(record: &ClusterRecord, dask: &DaskSnapshot) -> usize {
    let needed = dask.data_bytes.saturating_mul(2).div_ceil(record.shape.memory_bytes.max(1));
    usize::try_from(needed).unwrap_or(usize::MAX).max(usize::from(dask.holds_data()))
}

/// Slots of the workers that the scheduler named, in its order.
fn victims(plan: &Plan<ClusterRecord>, input: &ClusterInput<'_>) -> Vec<u32> {
    let slot_of = |name: &String| match name.parse() {
        Ok(Member::Worker { slot, attempt }) => {
            let record = plan.record.slots.get(&slot)?;
            (record.attempt == attempt && record.retiring.is_none()).then_some(slot)
        }
        _ => None,
    };
    input.victims.iter().filter_map(slot_of).collect()
}

fn step(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, number: u32, now: Timestamp) {
    let slot = plan.record.slots[&number].clone();
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    match (&slot.phase, &slot.retiring) {
        (MemberPhase::Waiting { not_before }, None) if *not_before > now => plan.due_at(*not_before),
        (MemberPhase::Waiting { .. }, None) => {
            if let Some(slot) = plan.record.slots.get_mut(&number) {
                slot.phase = MemberPhase::Intended { at: now };
                slot.asked_at = Some(now);
            }
            start(plan, input, member, now);
        }
        (MemberPhase::Intended { .. }, _) => start(plan, input, member, now),
        // The scheduler knows it, so it is ready: the word of that is on its way, and by a clock that jumped it would
        // be late.
        (MemberPhase::Running { ready_at: None, .. }, None) if is_known(input, &member) => {
            plan.due_at(now + input.settings.heartbeat);
        }
        (MemberPhase::Running { started_at, ready_at: None, .. }, None) => {
            end_when_late(plan, member, *started_at + input.settings.member_start, now);
        }
        (MemberPhase::Running { .. }, Some(retirement)) => retire(plan, input, number, &member, retirement, now),
        _ => {}
    }
}

/// Whether the scheduler has the worker among its own.
fn is_known(input: &ClusterInput<'_>, member: &Member) -> bool {
    input.world.dask.as_ref().is_some_and(|dask| dask.worker(&member.to_string()).is_some())
}

/// Asks for a process that is intended and not to be seen.
pub(super) fn start(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, member: Member, now: Timestamp) {
    let seen = match &input.world.members {
        Observed::Known(members) => members.contains_key(&member),
        Observed::Unknown(_) => return,
    };
    match &input.world.environment {
        EnvironmentStatus::Ready if !seen => plan.actions.push(Action::StartMember { member }),
        // What failed was ready once: the backend tries again, with growing pauses.
        EnvironmentStatus::Absent | EnvironmentStatus::Failed(_) if !plan.actions.contains(&Action::PrepareEnvironment) => {
            plan.actions.push(Action::PrepareEnvironment);
        }
        _ => {}
    }
    plan.due_at(now + input.settings.heartbeat);
}

pub(super) fn end_when_late(plan: &mut Plan<ClusterRecord>, member: Member, deadline: Timestamp, now: Timestamp) {
    if deadline > now {
        plan.due_at(deadline);
        return;
    }
    end_late(plan, member, "it did not get ready in time", now);
}

fn end_late(plan: &mut Plan<ClusterRecord>, member: Member, reason: &str, now: Timestamp) {
    let reason = reason.to_owned();
    plan.actions.push(Action::StopMember { member, reason, ladder: Vec::new() });
    plan.due_at(now + std::time::Duration::from_secs(5));
}

/// After a drain was asked for once more: the worker may still be copying.
const DRAIN_GRACE: std::time::Duration = std::time::Duration::from_secs(40);
/// How long a drain that is asked for again may take over running tasks.
const DRAIN_AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Asks for the drain, once more when its deadline is over, and ends the worker when even that was in vain. One that
/// still holds results, or of which nobody can say, is taken back instead: there may be no other worker to take them.
///
/// Asking once more is what makes the end safe: the first time may never have been heard, and only a worker that is
/// being drained gets no new tasks, so only of that one it is known that no result comes while we look away. Times
/// alone do not show that it was asked: a clock that jumps passes them all at once.
fn retire(
    plan: &mut Plan<ClusterRecord>,
    input: &ClusterInput<'_>,
    number: u32,
    member: &Member,
    retirement: &Retirement,
    now: Timestamp,
) {
    if retirement.asked_at.is_none() {
        let deadline = retirement.deadline.since(now);
        plan.actions.push(Action::DrainWorkers { workers: vec![member.to_string()], deadline });
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
        plan.actions.push(Action::DrainWorkers { workers: vec![member.to_string()], deadline: DRAIN_AGAIN });
        plan.due_at(now + 2 * DRAIN_AGAIN);
    } else if may_hold_data(input, member) {
        if let Some(slot) = plan.record.slots.get_mut(&number) {
            slot.retiring = None;
        }
        plan.due_at(now + input.settings.heartbeat);
        let message = format!("worker `{member}` stays: it could not hand its data over");
        plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.stays", message));
    } else {
        end_late(plan, member.clone(), "it took too long over handing its data over", now);
    }
}

/// A scheduler that does not know the worker any more has given up what was there.
fn may_hold_data(input: &ClusterInput<'_>, member: &Member) -> bool {
    let Some(dask) = &input.world.dask else { return true };
    dask.worker(&member.to_string()).is_some_and(|worker| worker.keys > 0)
}
