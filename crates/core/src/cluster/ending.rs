//! Whether a cluster must end now, and why. The first rule that applies decides.

use caddis_types::{Cause, CauseCode, Timestamp};

use super::starting::first_workers;
use super::{ClusterInput, budget, millis};
use crate::plan::Plan;
use crate::record::{ClusterRecord, ClusterState, JobState, MemberPhase, NewEvent, Outcome, StopWhy};
use crate::restart;
use crate::world::{EnvironmentStatus, Exit, Member, Observed};

pub(super) fn decide(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    if plan.record.state.is_ending() {
        return;
    }
    let why = plan
        .record
        .stop_wish
        .clone()
        .or_else(|| scheduler_gone(plan, input))
        .or_else(|| environment_failed(plan, input))
        .or_else(|| setup_failed(plan))
        .or_else(|| workers_hopeless(plan))
        .or_else(|| job_over(plan, input, now))
        .or_else(|| budget::used_up(plan, input, now))
        .or_else(|| expired(plan, now))
        .or_else(|| idle(plan, now));
    if let Some(why) = why {
        stop(plan, why, now);
    }
}

pub(super) fn stop(plan: &mut Plan<ClusterRecord>, why: StopWhy, now: Timestamp) {
    let id = plan.record.id.to_string();
    plan.events.push(NewEvent::new(now, &id, "cluster.stopping", why.sentence.clone()));
    plan.record.state = ClusterState::Stopping { since: now, why, closing_at: None, purged_at: None };
}

fn scheduler_gone(plan: &Plan<ClusterRecord>, input: &ClusterInput<'_>) -> Option<StopWhy> {
    let scheduler = plan.record.scheduler.as_ref()?;
    if !matches!(scheduler.phase, MemberPhase::Ended { .. }) {
        return None;
    }
    let end = match &input.world.members {
        Observed::Known(members) => members.get(&Member::Scheduler).and_then(|view| view.end.as_ref()),
        Observed::Unknown(_) => None,
    };
    let ready = plan.record.ready_at.is_some();
    let by_itself = end.is_some_and(|end| end.exit == Exit::Code(0) && end.killed_by.is_none());
    if ready && by_itself && input.job.is_some() {
        // What a script does to its own cluster is its own choice, and no failure.
        return Some(StopWhy::orderly("its scheduler closed, as `Client.shutdown()` asks it to"));
    }
    Some(StopWhy::failure(crate::diagnosis::scheduler_death(ready, end)))
}

fn environment_failed(plan: &Plan<ClusterRecord>, input: &ClusterInput<'_>) -> Option<StopWhy> {
    match (&plan.record.state, &input.world.environment) {
        // A new server may fail to make anew what an older one had made.
        (ClusterState::Preparing { .. } | ClusterState::Starting { .. }, EnvironmentStatus::Failed(cause)) => Some(StopWhy::failure(cause.clone())),
        _ => None,
    }
}

fn setup_failed(plan: &Plan<ClusterRecord>) -> Option<StopWhy> {
    plan.record.setup.iter().find_map(|step| step.failed.clone()).map(StopWhy::failure)
}

/// Slots that failed many times in a row: more tries would not help. A cluster goes on with the others, but not
/// without any, and one that has never served needs its fewest.
fn workers_hopeless(plan: &Plan<ClusterRecord>) -> Option<StopWhy> {
    let slots = &plan.record.slots;
    let hopeless: Vec<_> = slots.values().filter(|slot| slot.failures >= restart::GIVE_UP_AFTER).collect();
    let needed = match plan.record.state {
        ClusterState::Starting { .. } => first_workers(&plan.record).max(1) as usize,
        _ => 1,
    };
    let left = slots.len() - hopeless.len();
    if hopeless.is_empty() || left >= needed {
        return None;
    }
    let times = restart::GIVE_UP_AFTER;
    let sentence = match left {
        0 => format!("every worker died {times} times in a row"),
        _ => format!(
            "{} of {} workers died {times} times in a row, and it cannot serve with fewer than {needed}",
            hopeless.len(),
            slots.len()
        ),
    };
    let cause = match hopeless.iter().filter_map(|slot| slot.last_death.as_ref()).next_back() {
        Some(last) => Cause { sentence: format!("{sentence}; the last one: {}", last.sentence), ..last.clone() },
        None => Cause::new(CauseCode::WorkersLost, sentence),
    };
    Some(StopWhy::failure(cause))
}

fn job_over(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) -> Option<StopWhy> {
    let job = input.job?;
    let moved_on = job.cluster_id() != Some(&plan.record.id) || matches!(job.state, JobState::Queued { .. });
    let (ended_at, failed) = match &job.state {
        JobState::Ended { at, outcome, .. } => (*at, *outcome == Outcome::Failed),
        _ if moved_on => (now, false),
        _ => return None,
    };
    let keep_until = job.keep_on_failure_ms.filter(|_| failed).map(|ms| ended_at + millis(ms));
    plan.record.keep_until = keep_until;
    match keep_until {
        Some(until) if until > now && plan.record.ready_at.is_some() => {
            plan.due_at(until);
            None
        }
        _ => Some(StopWhy::orderly(format!("job `{}` is over", job.id))),
    }
}

/// Its time is over: it ends, whatever uses it.
fn expired(plan: &mut Plan<ClusterRecord>, now: Timestamp) -> Option<StopWhy> {
    let ends = plan.record.ends_at?;
    if ends <= now {
        return Some(StopWhy::orderly(format!("its lifetime is over: it was to end at {ends}")));
    }
    plan.due_at(ends);
    None
}

/// Nothing has used it for long enough.
fn idle(plan: &mut Plan<ClusterRecord>, now: Timestamp) -> Option<StopWhy> {
    let timeout = plan.record.idle_timeout_ms.filter(|timeout| *timeout > 0)?;
    let ends = plan.record.idle_since? + millis(timeout);
    if ends <= now {
        return Some(StopWhy::orderly(format!("nothing used it for {}", caddis_types::duration::display(millis(timeout)))));
    }
    plan.due_at(ends);
    None
}
