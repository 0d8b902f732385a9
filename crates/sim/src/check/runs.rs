//! Processes start only when a record wants them, and never twice.

use std::collections::BTreeMap;

use caddis_core::record::{AttemptPhase, ClusterRecord, ClusterState, MemberPhase};
use caddis_core::world::Member;
use caddis_types::{ClusterId, JobId};

use crate::hub::State;

/// Intent comes before effect: what is asked for is on the disk as intended.
pub fn may_start(state: &mut State, cluster: &ClusterId, member: &Member) {
    let record = state.book.clusters.get(cluster);
    let wanted = match member {
        Member::Scheduler => record.is_some_and(|record| record.scheduler.is_some()),
        Member::Worker { slot, attempt } => record.and_then(|record| record.slots.get(slot)).is_some_and(|slot| {
            slot.attempt == *attempt && !matches!(slot.phase, MemberPhase::Waiting { .. })
        }),
        Member::Setup { step } => record.is_some_and(|record| turn_of(record, *step)),
        Member::Job { job, attempt } => state.book.jobs.get(job).and_then(|job| job.attempt()).is_some_and(|last| {
            last.number == *attempt && matches!(last.phase, AttemptPhase::Intended { .. } | AttemptPhase::Running { .. })
        }),
    };
    if !wanted {
        state.violate(format!("{cluster}/{member} is started, and no record intends it"));
    }
}

/// Whether this is the one that sets the cluster up now: those before it ended well, and nobody is served yet.
fn turn_of(record: &ClusterRecord, step: u32) -> bool {
    let starting = matches!(record.state, ClusterState::Starting { .. });
    let mut before = record.setup.iter().take(step as usize);
    let over = before.all(|step| matches!(step.phase, MemberPhase::Ended { .. }) && step.failed.is_none());
    let phase = record.setup.get(step as usize).map(|step| &step.phase);
    starting && over && matches!(phase, Some(MemberPhase::Intended { .. } | MemberPhase::Running { .. }))
}

/// What sets a cluster up is begun at most once.
pub fn set_up(state: &mut State, cluster: &ClusterId, step: u32) {
    if state.world.set_up.get(&(cluster.clone(), step)).is_some_and(|times| *times > 1) {
        state.violate(format!("setup {step} of {cluster} was begun twice"));
    }
}

/// At most one living process a slot, and one a job; none of a cluster that has ended.
pub fn one_each(state: &mut State) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for process in state.world.alive.iter().map(|index| &state.world.processes[*index]) {
        let place = match &process.member {
            Member::Scheduler => format!("{}/scheduler", process.cluster),
            Member::Worker { slot, .. } => format!("{}/worker-{slot}", process.cluster),
            Member::Setup { .. } => format!("{}/setup", process.cluster),
            Member::Job { job, .. } => job.to_string(),
        };
        if state.book.clusters.get(&process.cluster).is_none_or(|record| record.state.is_ended()) {
            wrong.push(format!("{}/{} runs, and its cluster has ended", process.cluster, process.member));
        }
        if let Some(other) = seen.insert(place.clone(), process.pid) {
            wrong.push(format!("{place} has two living processes, {other} and {}", process.pid));
        }
    }
    wrong.into_iter().for_each(|line| state.violate(line));
}

/// User code is begun at most once an attempt, and not more often than retries allow.
pub fn begun(state: &mut State, job: &JobId, attempt: u32) {
    if state.world.begun.get(&(job.clone(), attempt)).is_some_and(|times| *times > 1) {
        state.violate(format!("attempt {attempt} of {job} reached user code twice"));
    }
    let tries = state.world.begun.keys().filter(|(of, _)| of == job).count() as u32;
    let allowed = state.book.jobs.get(job).map_or(0, |job| job.retry.max + 1);
    if tries > allowed {
        state.violate(format!("{job} reached user code {tries} times, and {allowed} were allowed"));
    }
}
