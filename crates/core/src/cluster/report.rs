//! Why a cluster is as it is: the chain of reasons, most direct first.

use caddis_types::{Reason, ReasonCode, Timestamp, duration};

use super::{ClusterInput, millis};
use crate::plan::Plan;
use crate::record::{ClusterRecord, ClusterState, JobRecord, JobState, Leaving, MemberPhase, SlotRecord};
use crate::world::EnvironmentStatus;

/// Gives the reasons; `size` holds those for its number of workers.
pub(super) fn explain(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, size: Vec<Reason>, now: Timestamp) {
    let reasons = match plan.record.state.clone() {
        ClusterState::Preparing { since } => vec![environment(input, since)],
        ClusterState::Starting { since } => starting(&plan.record, since, now),
        ClusterState::Running { since } => running(&plan.record, input, size, since, now),
        ClusterState::Stopping { since, why, .. } => {
            vec![Reason::new(ReasonCode::Stopping, format!("it is being ended: {}", why.sentence), since)]
        }
        ClusterState::Ended { at, why } => vec![Reason::new(ReasonCode::Ended, why.sentence, at)],
    };
    plan.report.extend(reasons);
    plan.report.extend(time_limit(&plan.record, now));
}

/// An end that is known from the beginning stands behind all other reasons.
fn time_limit(record: &ClusterRecord, now: Timestamp) -> Option<Reason> {
    let ends = record.ends_at.filter(|_| !record.state.is_ending())?;
    let sentence = format!("it ends at {ends}, whatever uses it then");
    let left = duration::display(ends.since(now));
    Some(Reason::new(ReasonCode::TimeLimited, sentence, record.created_at).next(format!("it ends in {left}")))
}

fn environment(input: &ClusterInput<'_>, since: Timestamp) -> Reason {
    let step = match &input.world.environment {
        EnvironmentStatus::Building(step) => step.clone(),
        EnvironmentStatus::Failed(cause) => cause.sentence.clone(),
        _ => "it is looked up".to_owned(),
    };
    Reason::new(ReasonCode::BuildingEnvironment, format!("its Python environment is made ready: {step}"), since)
        .next("scheduler and workers start as soon as it is")
}

fn starting(record: &ClusterRecord, since: Timestamp, now: Timestamp) -> Vec<Reason> {
    let ready = matches!(
        record.scheduler.as_ref().map(|scheduler| &scheduler.phase),
        Some(MemberPhase::Running { ready_at: Some(_), .. })
    );
    let scheduler = if ready { "the scheduler serves" } else { "the scheduler is starting" };
    if let Some((number, step)) = (1..).zip(&record.setup).find(|(_, step)| begun(&step.phase)) {
        let sentence = format!("`{}` sets it up, {number} of {}", step.name, record.setup.len());
        let most = duration::display(millis(step.deadline_ms));
        let begun = match step.phase {
            MemberPhase::Running { started_at, .. } => started_at,
            _ => since,
        };
        return vec![Reason::new(ReasonCode::StartingCluster, sentence, begun).next(format!("it may take {most}"))];
    }
    let (ready, all) = workers(record);
    let sentence = format!("{scheduler}, and {ready} of {all} workers are ready");
    let mut reasons = vec![Reason::new(ReasonCode::StartingCluster, sentence, since)];
    reasons.extend(replacing(record, now));
    reasons
}

fn begun(phase: &MemberPhase) -> bool {
    matches!(phase, MemberPhase::Intended { .. } | MemberPhase::Running { .. })
}

fn running(
    record: &ClusterRecord,
    input: &ClusterInput<'_>,
    size: Vec<Reason>,
    since: Timestamp,
    now: Timestamp,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let (ready, all) = workers(record);
    reasons.extend(replacing(record, now));
    reasons.extend(draining(record));
    reasons.extend(staying(record, input));
    let missing = missing_since(record).unwrap_or(since).min(now);
    if let (EnvironmentStatus::Failed(cause), true) = (&input.world.environment, ready < all) {
        let sentence = format!("its Python environment cannot be made ready for new workers: {}", cause.sentence);
        reasons.push(Reason::new(ReasonCode::BuildingEnvironment, sentence, missing).next("it is tried again, less and less often"));
    }
    if ready < all && reasons.is_empty() {
        let sentence = format!("{ready} of {all} workers are ready");
        reasons.push(Reason::new(ReasonCode::WaitingForWorkers, sentence, missing));
    }
    reasons.push(use_of(record, input, since, now));
    reasons.extend(size);
    reasons
}

/// Since when the first of those that are not ready yet has been asked for.
fn missing_since(record: &ClusterRecord) -> Option<Timestamp> {
    let asked = |slot: &SlotRecord| match slot.phase {
        MemberPhase::Running { ready_at: Some(_), .. } => None,
        MemberPhase::Running { started_at: at, .. } | MemberPhase::Intended { at } => Some(slot.asked_at.unwrap_or(at)),
        MemberPhase::Waiting { not_before: at } | MemberPhase::Ended { at } => Some(at),
    };
    record.slots.values().filter_map(asked).min()
}

fn use_of(record: &ClusterRecord, input: &ClusterInput<'_>, since: Timestamp, now: Timestamp) -> Reason {
    if let Some(until) = record.keep_until {
        let sentence = "its job failed, and it is kept to be looked at";
        let left = duration::display(until.since(now));
        let since = input.job.map_or(since, |job| begun_at(job, since));
        return Reason::new(ReasonCode::KeptAfterFailure, sentence, since).next(format!("it ends in {left}"));
    }
    if let Some(job) = &record.job {
        let since = input.job.map_or(since, |job| begun_at(job, since));
        return Reason::new(ReasonCode::ServingJob, format!("it serves job `{job}`"), since)
            .next("it ends with the job");
    }
    match (record.idle_since, record.idle_timeout_ms) {
        (Some(idle), Some(timeout)) if timeout > 0 => {
            let left = duration::display((idle + millis(timeout)).since(now));
            Reason::new(ReasonCode::Idle, "no job, client, task or data uses it", idle).next(format!("it ends in {left}"))
        }
        (Some(idle), _) => Reason::new(ReasonCode::Idle, "no job, client, task or data uses it", idle)
            .next("it stays until somebody stops it"),
        (None, _) => {
            let dask = input.world.dask.as_ref();
            let (tasks, clients, bytes) = dask.map_or_else(Default::default, |dask| (dask.tasks, dask.clients, dask.data_bytes));
            let tasks = tasks.processing + tasks.queued + tasks.waiting + tasks.no_worker;
            let sentence = format!(
                "{}, {}, {} and {} of results use it",
                count(input.scripts.len() as u64, "job"),
                count(clients.into(), "client"),
                count(tasks, "unfinished task"),
                caddis_types::bytes::display(bytes)
            );
            Reason::new(ReasonCode::InUse, sentence, record.used_since.unwrap_or(since))
        }
    }
}

/// When a job came to the state that it is in; a cluster that is older has served it since then.
fn begun_at(job: &JobRecord, serves: Timestamp) -> Timestamp {
    match job.state {
        JobState::Running { since } | JobState::Ended { at: since, .. } => since,
        JobState::Queued { .. } | JobState::Starting { .. } => serves,
    }
}

fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

fn workers(record: &ClusterRecord) -> (usize, usize) {
    let ready = |phase: &MemberPhase| matches!(phase, MemberPhase::Running { ready_at: Some(_), .. });
    (record.slots.values().filter(|slot| ready(&slot.phase)).count(), record.slots.len())
}

fn replacing(record: &ClusterRecord, now: Timestamp) -> Vec<Reason> {
    let one = |(number, slot): (&u32, &SlotRecord)| match (&slot.phase, &slot.last_death) {
        (MemberPhase::Waiting { not_before }, Some(death)) => {
            let sentence = format!("the worker in slot {number} died: {}", death.sentence);
            Some(
                Reason::new(ReasonCode::ReplacingWorker, sentence, (*not_before).min(now))
                    .next(format!("the next one starts at {not_before}")),
            )
        }
        _ => None,
    };
    record.slots.iter().filter_map(one).collect()
}

/// Why there are more workers than are wanted, when none of them goes.
fn staying(record: &ClusterRecord, input: &ClusterInput<'_>) -> Option<Reason> {
    let left = record.slots.values().filter(|slot| slot.retiring.is_none()).count() as u32;
    let surplus = super::surplus(record);
    let reason = |sentence| Some(Reason::new(ReasonCode::DrainingWorker, sentence, record.wished_at()));
    match &input.world.dask {
        _ if surplus == 0 => None,
        None if surplus == 1 => reason("1 worker is to go, and the scheduler cannot be asked what it holds".to_owned())
            .map(|reason| reason.next("it stays until it answers")),
        None => reason(format!("{surplus} workers are to go, and the scheduler cannot be asked what they hold"))
            .map(|reason| reason.next("they stay until it answers")),
        Some(dask) => {
            let bytes = caddis_types::bytes::display(dask.data_bytes);
            let needed = super::shrink::keepers(record, dask);
            let sentence = match needed {
                _ if left - surplus >= u32::try_from(needed).unwrap_or(u32::MAX) => return None,
                1 if left == 1 => format!("the last worker stays: no other is there to take the {bytes} of results that it holds"),
                1 => format!("1 worker stays: the {bytes} of results that are held need one"),
                needed => format!("{needed} workers stay: fewer have no room for the {bytes} of results that are held"),
            };
            reason(sentence).map(|reason| reason.next("it goes when they are released, or with the cluster"))
        }
    }
}

fn draining(record: &ClusterRecord) -> Vec<Reason> {
    let one = |(number, slot): (&u32, &SlotRecord)| {
        let retiring = slot.retiring.as_ref()?;
        let (how, unless) = match retiring.why {
            Leaving::Surplus => ("hands its data over before it goes", ", unless it still holds data then"),
            Leaving::Preempted => ("is being preempted, and hands its data over", ", whatever it holds then"),
        };
        let sentence = format!("the worker in slot {number} {how}");
        let next = format!("it goes at {} at the latest{unless}", retiring.deadline);
        Some(Reason::new(ReasonCode::DrainingWorker, sentence, retiring.since).next(next))
    };
    record.slots.iter().filter_map(one).collect()
}
