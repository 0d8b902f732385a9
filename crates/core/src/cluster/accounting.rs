//! On which terms a cluster's time is counted: who uses it, and whether anybody does. Where the terms change, the lives of
//! its processes are cut, and what lies before is entered into the ledger.
//!
//! | what changes | when it is cut |
//! |---|---|
//! | another job runs on a cluster that outlives its jobs, or one less | when it is seen |
//! | nothing uses it any more | when that has lasted for [`IDLE_AFTER`], and then from its beginning |
//! | it is used again | when it is seen |
//! | the day, or a price | at that moment, however late it is looked at |
//!
//! Deliberately absent: cuts for a process that has not said its first word. It may turn out that it never ran, and what
//! is in the ledger stays there; its time is counted on the terms that hold when it is cut first.

use std::time::Duration;

use caddis_types::{JobId, Timestamp};

use super::ClusterInput;
use crate::ledger::{self, Life};
use crate::plan::Plan;
use crate::prices::Tariff;
use crate::record::{ClusterRecord, ClusterState, MemberPhase};
use crate::world::{Member, Members, Observed};

/// Shorter idleness is a part of the use: between two jobs, or two cells of a notebook.
const IDLE_AFTER: Duration = Duration::from_secs(60);

/// Notes since when nothing has used it: no job, no client, no task, no data; or since when something has. A scheduler that cannot be asked counts as
/// in use.
pub(super) fn note_idleness(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    let quiet = input.scripts.is_empty()
        && input.world.dask.as_ref().is_some_and(|dask| {
            let t = dask.tasks;
            dask.clients == 0 && dask.data_bytes == 0 && t.processing + t.queued + t.waiting + t.no_worker == 0
        });
    if plan.record.state.is_ending() {
        return;
    }
    let serves = matches!(plan.record.state, ClusterState::Running { .. });
    let (idle, used) = (quiet && serves, !quiet && serves && plan.record.job.is_none());
    plan.record.idle_since = plan.record.idle_since.or(Some(now)).filter(|_| idle);
    plan.record.used_since = plan.record.used_since.or(Some(now)).filter(|_| used);
}

/// Cuts what is to be cut, and notes the terms that hold from now on.
pub(super) fn keep(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    let Observed::Known(members) = &input.world.members else { return };
    if plan.record.state.is_ending() {
        return;
    }
    let quiet_for = plan.record.idle_since.map(|since| now.since(since));
    let idle = quiet_for.is_some_and(|span| span >= IDLE_AFTER);
    let jobs = if plan.record.job.is_some() { Vec::new() } else { jobs_on(input) };
    if (&jobs, idle) != (&plan.record.account.jobs, plan.record.account.idle) {
        let begun = !plan.record.account.idle && idle;
        let back = quiet_for.filter(|_| begun).unwrap_or_default();
        for (member, life) in lives(&plan.record, members, now) {
            let life = Life { lived: life.lived.saturating_sub(back), ..life };
            enter(plan, input, &member, life);
        }
        let account = &mut plan.record.account;
        account.shares.retain(|job, _| jobs.contains(job));
        (account.jobs, account.idle) = (jobs, idle);
    }
    if let Some(since) = plan.record.idle_since.filter(|_| !idle) {
        plan.due_at(since + IDLE_AFTER);
    }
    at_certain_moments(plan, input, members, now);
}

/// The jobs whose scripts may run here, in the order of their ids.
fn jobs_on(input: &ClusterInput<'_>) -> Vec<JobId> {
    let job = |member: &Member| match member {
        Member::Job { job, .. } => Some(job.clone()),
        _ => None,
    };
    let mut jobs: Vec<_> = input.scripts.iter().filter_map(job).collect();
    jobs.sort_unstable();
    jobs.dedup();
    jobs
}

/// Midnights and changes of prices that have passed.
fn at_certain_moments(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, members: &Members, now: Timestamp) {
    let tariff = &input.settings.tariff;
    let lives = lives(&plan.record, members, now);
    let (scheduler, workers) = lives.split_at(lives.iter().take_while(|(member, _)| *member == Member::Scheduler).count());
    let machines = (plan.record.shape.scheduler_machine_type.clone(), plan.record.shape.machine_type.clone());
    for (lives, machine) in [(scheduler, machines.0), (workers, machines.1)] {
        match uncut(tariff, &machine, lives) {
            Some(left) => plan.due_at(now + left.max(Duration::from_millis(1))),
            None => cut(plan, input, lives, &machine, now),
        }
    }
}

/// How long until the first of these lives is cut, when nothing has cut any of them since the oldest began: that is the
/// rule, and then one look is enough for all.
fn uncut(tariff: &Tariff, machine: &str, lives: &[(Member, Life)]) -> Option<Duration> {
    let from = lives.iter().map(|(_, life)| life.started_at).min()?;
    let to = lives.iter().map(|(_, life)| life.at()).max()?;
    let next = || ledger::next_cut(tariff, machine, to).since(to);
    ledger::last_cut(tariff, machine, from, to).is_none().then(next)
}

fn cut(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, lives: &[(Member, Life)], machine: &str, now: Timestamp) {
    let tariff = &input.settings.tariff;
    for (member, life) in lives {
        let booked = plan.record.account.meter(member).booked_micros;
        let from = Timestamp(life.started_at.0.saturating_add(booked));
        if let Some(cut) = ledger::last_cut(tariff, machine, from, life.at()) {
            enter(plan, input, member, life.until(cut));
        }
        let left = ledger::next_cut(tariff, machine, life.at()).since(life.at());
        plan.due_at(now + left.max(Duration::from_millis(1)));
    }
}

/// The processes that have said their first word and live, by the record and by the world.
fn lives(record: &ClusterRecord, members: &Members, now: Timestamp) -> Vec<(Member, Life)> {
    let serves = |phase: &MemberPhase| matches!(phase, MemberPhase::Running { ready_at: Some(_), .. });
    let scheduler = record.scheduler.iter().map(|scheduler| (Member::Scheduler, &scheduler.phase));
    let workers = record.slots.iter().map(|(slot, record)| {
        (Member::Worker { slot: *slot, attempt: record.attempt }, &record.phase)
    });
    let serving = scheduler.chain(workers).filter(|(_, phase)| serves(phase));
    let seen = serving.filter_map(|(member, _)| members.get(&member).map(|view| (member, Life::of(view, now))));
    seen.collect()
}

fn enter(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, member: &Member, life: Life) {
    let lines = ledger::book(&plan.record, member, life, false, &input.settings.tariff);
    ledger::enter(plan, member, lines, false);
}
