//! Worker slots: each is in exactly one bucket and gets exactly the step of that bucket.
//!
//! | bucket | step |
//! |---|---|
//! | waiting for its pause | nothing until then |
//! | pause over, or new | intend the next process |
//! | intended, not seen | start it (the key makes repeating harmless) |
//! | runs, not ready | end it when it is late |
//! | runs, ready | nothing |
//! | runs, ready, and its scheduler has lost it | end it after a while (`unheard`) |
//! | retiring | hand over the data, then go; stay when that cannot be done (`drain`) |
//! | taken away | the same within a fixed time, and never stay (`preempt`) |
//! | beyond the wanted number | retire, unless it is the last one and somebody's results are held (`shrink`) |
//!
//! What always holds: no worker that holds results is ended for being one too many.

use std::collections::BTreeSet;

use caddis_types::Timestamp;

use super::{ClusterInput, drain, shortage, shrink, unheard};
use crate::diagnosis;
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, MemberPhase, SlotRecord};
use crate::world::{EnvironmentStatus, Member, Observed};

pub(super) fn tend(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    grow(plan, now);
    shrink::shrink(plan, input, now);
    let numbers: Vec<u32> = plan.record.slots.keys().copied().collect();
    let known = known(input);
    for number in numbers {
        step(plan, input, number, &known, now);
    }
}

fn grow(plan: &mut Plan<ClusterRecord>, now: Timestamp) {
    while (plan.record.slots.len() as u32) < plan.record.workers_wanted {
        plan.record.slots.insert(plan.record.next_slot, SlotRecord::first(now, shortage::next_is_preemptible(&plan.record, now)));
        plan.record.next_slot += 1;
    }
}

/// The workers that the scheduler has among its own: read once, since every slot is looked up in them.
fn known(input: &ClusterInput<'_>) -> BTreeSet<Member> {
    input.world.dask.iter().flat_map(|dask| &dask.workers).filter_map(|worker| worker.name.parse().ok()).collect()
}

fn step(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, number: u32, known: &BTreeSet<Member>, now: Timestamp) {
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
        (MemberPhase::Running { started_at, ready_at: None, .. }, None)
            if known.contains(&member) || unsaid(input, *started_at + input.settings.member_start) =>
        {
            plan.due_at(now + input.settings.heartbeat);
        }
        (MemberPhase::Running { started_at, ready_at: None, .. }, None) => {
            end_when_late(plan, member, *started_at + input.settings.member_start, now);
        }
        (MemberPhase::Running { ready_at: Some(ready_at), .. }, None) => {
            unheard::step(plan, input, number, *ready_at, known.contains(&member), now);
        }
        (MemberPhase::Running { .. }, Some(retirement)) => drain::step(plan, input, number, &member, retirement, now),
        _ => {}
    }
}

/// Whether the scheduler has said nothing since a worker was late: by a clock that jumped it may have come just now.
fn unsaid(input: &ClusterInput<'_>, late: Timestamp) -> bool {
    input.world.dask.as_ref().is_some_and(|dask| dask.at < late)
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
    end(plan, member, diagnosis::LATE, now);
}

/// Ends a process at once.
pub(super) fn end(plan: &mut Plan<ClusterRecord>, member: Member, reason: &str, now: Timestamp) {
    let reason = reason.to_owned();
    plan.actions.push(Action::StopMember { member, reason, ladder: Vec::new() });
    plan.due_at(now + std::time::Duration::from_secs(5));
}
