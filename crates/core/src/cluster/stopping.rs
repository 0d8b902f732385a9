//! From the wish for an end to nothing left: scripts first, then an orderly close, then the purge, then the folder.

use std::time::Duration;

use caddis_types::Timestamp;

use crate::ledger::{self, Life};
use super::{size, ClusterInput};
use crate::plan::{Action, Plan, Rung};
use crate::record::{Account, ClusterRecord, ClusterState, MemberPhase, NewEvent, StopWhy};
use crate::world::{Member, Members, Observed};

/// Scripts that have not ended after so long are ended with everything else.
const SCRIPTS_MAX: Duration = Duration::from_secs(20);

pub(super) fn proceed(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    let ClusterState::Stopping { since, why, closing_at, purged_at } = plan.record.state.clone() else { return };
    let Observed::Known(members) = &input.world.members else { return };
    if let Some(at) = purged_at {
        return after_purge(plan, input, members, why, at, now);
    }
    if scripts_running(members) && script_goes_on(&plan.record, input, &why) {
        return plan.due_at(now + input.settings.heartbeat);
    }
    if scripts_running(members) && !late(since, now, SCRIPTS_MAX) {
        // A script whose scheduler is gone ends by itself, with its own message, if it is let.
        let let_until = since + input.settings.script_after_scheduler;
        if why.cause.is_some() && let_until > now {
            return plan.due_at(let_until);
        }
        return end_scripts(plan, members, &why.sentence, now);
    }
    let serving = matches!(scheduler(&plan.record), Some(MemberPhase::Running { ready_at: Some(_), .. }));
    let all_gone = members.values().all(|view| view.end.is_some());
    let grace_over = closing_at.is_some_and(|at| late(at, now, input.settings.orderly_close));
    if why.hurry || !serving || all_gone || grace_over {
        plan.actions.push(Action::PurgeCluster { reason: why.sentence });
        plan.due_at(now + input.settings.heartbeat);
    } else if closing_at.is_none() {
        plan.actions.push(Action::CloseCluster { reason: why.sentence.clone() });
        plan.record.state = ClusterState::Stopping { since, why, closing_at: Some(now), purged_at };
        plan.due_at(now + input.settings.orderly_close);
    } else if let Some(at) = closing_at {
        plan.due_at(at + input.settings.orderly_close);
    }
}

/// Ends only when nothing lives, and when each script's job has taken in how its script ended: cleaning away forgets it.
fn after_purge(
    plan: &mut Plan<ClusterRecord>,
    input: &ClusterInput<'_>,
    members: &Members,
    why: StopWhy,
    purged_at: Timestamp,
    now: Timestamp,
) {
    if members.values().any(|view| view.end.is_none()) {
        plan.actions.push(Action::PurgeCluster { reason: why.sentence });
        plan.due_at(now + input.settings.heartbeat);
    } else if input.scripts.is_empty() {
        finish(plan, input, why, purged_at, now);
    } else {
        plan.due_at(now + input.settings.heartbeat);
    }
}

fn late(since: Timestamp, now: Timestamp, limit: Duration) -> bool {
    now.since(since) >= limit
}

fn scripts_running(members: &Members) -> bool {
    members.iter().any(|(member, view)| matches!(member, Member::Job { .. }) && view.end.is_none())
}

/// After its own `Client.shutdown()` a script may have much to do yet, and nobody else asked for the cluster's end.
fn script_goes_on(record: &ClusterRecord, input: &ClusterInput<'_>, why: &StopWhy) -> bool {
    let wanted = !input.scripts.is_empty() && record.stop_wish.is_none() && why.cause.is_none();
    wanted && matches!(scheduler(record), Some(MemberPhase::Ended { .. }))
}

fn scheduler(record: &ClusterRecord) -> Option<&MemberPhase> {
    record.scheduler.as_ref().map(|scheduler| &scheduler.phase)
}

fn end_scripts(plan: &mut Plan<ClusterRecord>, members: &Members, reason: &str, now: Timestamp) {
    for (member, view) in members {
        if matches!(member, Member::Job { .. }) && view.end.is_none() {
            let reason = format!("its cluster ends: {reason}");
            plan.actions.push(Action::StopMember { member: member.clone(), reason, ladder: Rung::polite() });
        }
    }
    plan.due_at(now + Duration::from_secs(10));
}

/// Nothing is left in the process table: closes the books, and asks for the folder to be removed.
fn finish(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, why: StopWhy, purged_at: Timestamp, now: Timestamp) {
    close_open_intervals(plan, input, purged_at);
    size::learn::leave(plan, now);
    plan.record.slots.clear();
    plan.record.state = ClusterState::Ended { at: now, why: why.clone() };
    plan.actions.push(Action::CleanCluster);
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "cluster.ended", why.sentence));
}

/// What was still running by the record ended with the purge at the latest.
fn close_open_intervals(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, purged_at: Timestamp) {
    let mut open = Vec::new();
    if let Some(scheduler) = &mut plan.record.scheduler {
        if let MemberPhase::Running { started_at, .. } = scheduler.phase {
            open.push((Member::Scheduler, started_at));
        }
        scheduler.phase = MemberPhase::Ended { at: purged_at };
    }
    for (number, slot) in &plan.record.slots {
        if let MemberPhase::Running { started_at, .. } = slot.phase {
            open.push((Member::Worker { slot: *number, attempt: slot.attempt }, started_at));
        }
    }
    for (member, started_at) in open {
        let life = Life::between(started_at, purged_at);
        let lines = ledger::book(&plan.record, &member, life, true, &input.settings.tariff);
        ledger::enter(plan, &member, lines, true);
    }
    plan.record.account = Account::default();
}
