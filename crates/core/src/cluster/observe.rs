//! Taking in the world: who started, who is ready, who died, and what each dead process used.

use std::time::Duration;

use caddis_types::{Cause, Reason, ReasonCode, Timestamp};

use super::{ClusterInput, size};
use crate::diagnosis;
use crate::ledger;
use crate::plan::Plan;
use crate::record::{ClusterRecord, Leaving, MemberPhase, NewEvent, SlotRecord};
use crate::restart;
use crate::world::{End, Exit, Member, MemberView, Members, Observed};

/// How many causes of worker deaths are kept for the job's diagnosis.
const DEATHS_KEPT: usize = 20;

pub(super) fn absorb(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    match &input.world.members {
        Observed::Known(members) => {
            scheduler(plan, input, members, now);
            setup(plan, members, now);
            let slots: Vec<u32> = plan.record.slots.keys().copied().collect();
            for slot in slots {
                worker(plan, input, slot, members, now);
            }
            let runs = |slot: &&SlotRecord| matches!(slot.phase, MemberPhase::Running { .. });
            let running = plan.record.slots.values().filter(runs).count();
            plan.record.workers_peak = plan.record.workers_peak.max(running as u32);
        }
        Observed::Unknown(why) => {
            let sentence = format!("what runs cannot be seen just now: {why}");
            plan.report.push(Reason::new(ReasonCode::WorldUnknown, sentence, now).next("it is looked at again in 1 s"));
            plan.due_at(now + Duration::from_secs(1));
        }
    }
    dask_facts(plan, input);
}

/// The scheduler's own totals are kept, since it will not be there to ask at the end.
fn dask_facts(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>) {
    if let Some(dask) = &input.world.dask {
        plan.record.clients_seen |= dask.clients > 0;
        if plan.record.state.is_ending() {
            plan.record.tasks_done = plan.record.tasks_done.max(dask.done);
            size::learn::measured(&mut plan.record, dask);
        }
    }
}

fn scheduler(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, members: &Members, now: Timestamp) {
    let Some(mut scheduler) = plan.record.scheduler.clone() else { return };
    let view = members.get(&Member::Scheduler);
    if let Some((_, facts)) = view.and_then(|view| view.ready.as_ref()) {
        scheduler.address = scheduler.address.or_else(|| facts.address.clone());
        scheduler.dashboard_port = scheduler.dashboard_port.or(facts.dashboard_port);
    }
    let (phase, end) = advance(&scheduler.phase, view, now);
    if let Some((started_at, end)) = end {
        close(plan, input, &Member::Scheduler, whole(view, started_at, &end));
    }
    scheduler.phase = phase;
    plan.record.scheduler = Some(scheduler);
}

/// What sets the cluster up costs nothing of its own: the workers, which wait meanwhile, do.
fn setup(plan: &mut Plan<ClusterRecord>, members: &Members, now: Timestamp) {
    for (number, step) in (0..).zip(&mut plan.record.setup) {
        let (phase, end) = advance(&step.phase, members.get(&Member::Setup { step: number }), now);
        step.phase = phase;
        if let Some((_, end)) = end {
            step.failed = diagnosis::setup_end(step, &end);
        }
    }
}

/// The next phase of a process, and its end when that was just seen.
fn advance(phase: &MemberPhase, view: Option<&MemberView>, now: Timestamp) -> (MemberPhase, Option<(Timestamp, End)>) {
    match (phase, view) {
        (MemberPhase::Intended { .. } | MemberPhase::Running { .. }, Some(view)) => match &view.end {
            Some(end) => (MemberPhase::Ended { at: end.at }, Some((started(phase, view), end.clone()))),
            None => {
                let ready_at = view.ready.as_ref().map(|(at, _)| *at);
                (MemberPhase::Running { started_at: view.started_at, pid: view.pid, ready_at }, None)
            }
        },
        // Its start was taken back before it was let go: it did nothing, and is asked for again under the same key.
        (MemberPhase::Running { ready_at: None, .. }, None) => (MemberPhase::Intended { at: now }, None),
        (MemberPhase::Running { started_at, .. }, None) => {
            let end = End {
                at: now,
                exit: Exit::Unknown("its record is gone".into()),
                killed_by: None,
                began: true,
                outcome: None,
                log_tail: String::new(),
            };
            (MemberPhase::Ended { at: now }, Some((*started_at, end)))
        }
        (phase, _) => (phase.clone(), None),
    }
}

/// When a process that ended had started. What was seen while it lived goes before what a damaged record says.
fn started(phase: &MemberPhase, view: &MemberView) -> Timestamp {
    match phase {
        MemberPhase::Running { started_at, .. } => *started_at,
        _ => view.started_at,
    }
}

/// The life of a process that ended.
fn whole(view: Option<&MemberView>, started_at: Timestamp, end: &End) -> ledger::Life {
    let lived = view.and_then(|view| view.lived).unwrap_or(end.at.since(started_at));
    ledger::Life { started_at, lived }
}

/// The books about a process that ended are closed.
fn close(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, member: &Member, life: ledger::Life) {
    let lines = ledger::book(&plan.record, member, life, true, &input.settings.tariff);
    ledger::enter(plan, member, lines, true);
}

fn worker(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, number: u32, members: &Members, now: Timestamp) {
    let slot = plan.record.slots[&number].clone();
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    let view = members.get(&member);
    if let Some(view) = view {
        plan.record.peak_memory = plan.record.peak_memory.max(view.end.as_ref().map_or(0, |_| view.peak_rss));
    }
    let (phase, end) = advance(&slot.phase, view, now);
    match end {
        None => {
            if let (Some(asked_at), false, Some(ready_at)) = (slot.asked_at, serves(&slot.phase), ready_at(&phase)) {
                size::learn::started(plan, asked_at, ready_at);
            }
            if let Some(slot) = plan.record.slots.get_mut(&number) {
                slot.phase = phase;
            }
        }
        Some((started_at, end)) => {
            let ready_at = view.and_then(|view| view.ready.as_ref()).map(|(at, _)| *at);
            close(plan, input, &member, whole(view, started_at, &end));
            died(plan, number, &slot, Life { ready_at, end: &end }, now);
        }
    }
}

fn ready_at(phase: &MemberPhase) -> Option<Timestamp> {
    match phase {
        MemberPhase::Running { ready_at, .. } => *ready_at,
        _ => None,
    }
}

fn serves(phase: &MemberPhase) -> bool {
    ready_at(phase).is_some()
}

/// One process from its first word to its end.
struct Life<'a> {
    ready_at: Option<Timestamp>,
    end: &'a End,
}

/// A worker ended: its cause, and the next attempt in its slot, unless the slot goes.
fn died(plan: &mut Plan<ClusterRecord>, number: u32, slot: &SlotRecord, life: Life<'_>, now: Timestamp) {
    let Life { ready_at, end } = life;
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    if plan.record.state.is_ending() || slot.retiring.is_some() {
        let taken = slot.retiring.as_ref().is_some_and(|retiring| retiring.why == Leaving::Preempted);
        if taken && !plan.record.state.is_ending() {
            remember(plan, &member, &diagnosis::preempted(&member, end), now);
        }
        plan.record.slots.remove(&number);
        return;
    }
    let cause = diagnosis::worker_death(&member, end);
    // Only a worker that served has lived: one that never gets ready must not be replaced for ever.
    let lived = ready_at.map_or(Duration::ZERO, |at| end.at.since(at));
    let (failures, pause) = restart::after_death(slot.failures, lived, matches!(end.exit, Exit::Code(0)));
    if let Some(cause) = &cause {
        remember(plan, &member, cause, now);
    }
    let next = SlotRecord {
        attempt: slot.attempt + 1,
        phase: MemberPhase::Waiting { not_before: now + pause },
        asked_at: None,
        failures,
        last_death: cause.or_else(|| slot.last_death.clone()),
        preemptible: slot.preemptible,
        unheard_since: None,
        retiring: None,
    };
    plan.record.slots.insert(number, next);
}

fn remember(plan: &mut Plan<ClusterRecord>, member: &Member, cause: &Cause, now: Timestamp) {
    if plan.record.deaths.len() < DEATHS_KEPT {
        plan.record.deaths.push(cause.clone());
    }
    let message = format!("worker `{member}` died: {}", cause.sentence);
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.died", message));
}
