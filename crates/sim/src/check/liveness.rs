//! After the storm: what can go on went on, and nothing of what is over is left.

use caddis_core::cluster::{held_bytes, surplus};
use caddis_core::record::{AttemptPhase, ClusterRecord, ClusterState, JobRecord, JobState};
use caddis_types::api::ClusterChoice;
use caddis_types::Timestamp;
use caddis_types::bytes::GIB;

use crate::hub::State;

/// Nothing is stuck.
pub fn settled(state: &mut State) {
    stuck(state).into_iter().for_each(|line| state.violate(line));
}

/// Faults are off and users quiet for a while: whoever has not ended runs, or waits for memory that others use. The others.
pub fn stuck(state: &State) -> Vec<String> {
    let mut stuck = Vec::new();
    for job in state.book.jobs.values().filter(|job| !job.is_ended()) {
        if !job_may_stay(state, job) {
            stuck.push(format!("{} is stuck in {:?} {:?} cancel {:?}", job.id, job.state, job.attempt(), job.cancel));
        }
    }
    for cluster in state.book.clusters.values().filter(|cluster| !cluster.state.is_ended()) {
        if !cluster_may_stay(state, cluster) {
            stuck.push(format!("{} is stuck: {}", cluster.id, super::brief(cluster)));
        }
    }
    stuck.extend(leftovers(state));
    stuck
}

/// Bytes that nobody holds.
pub fn free(state: &State) -> u64 {
    let held: u64 = state.book.clusters.values().map(held_bytes).sum();
    (state.options.pool_slots * GIB).saturating_sub(held)
}

fn job_may_stay(state: &State, job: &JobRecord) -> bool {
    let cluster = job.cluster_id().and_then(|id| state.book.clusters.get(id));
    match (&job.state, job.attempt().map(|attempt| &attempt.phase)) {
        (JobState::Running { .. }, Some(AttemptPhase::Running { stopping: None, .. })) => {
            let endless = state.world.scripts.get(&job.id).is_some_and(|script| script.runs_ms.is_none());
            endless && job.timeout_ms.is_none() && job.cancel.is_none()
        }
        (JobState::Starting { .. }, _) => cluster.is_some_and(|cluster| waits_for_memory(state, cluster)),
        (JobState::Queued { .. }, _) => job.cancel.is_none() && needs(job) > 0 && queue_is_full(state, &job.owner),
        _ => false,
    }
}

/// Bytes that a queued job needs before it starts.
fn needs(job: &JobRecord) -> u64 {
    match &job.cluster {
        ClusterChoice::Fresh(wish) => wish.memory_bytes.unwrap_or(GIB) * u64::from(wish.workers.map_or(2, |range| range.min)),
        ClusterChoice::Existing(_) => 0,
    }
}

/// Bytes that a cluster needs before it serves, when it has none.
fn lacks(cluster: &ClusterRecord) -> u64 {
    let waits = matches!(cluster.state, ClusterState::Preparing { .. } | ClusterState::Starting { .. });
    let first = if waits && cluster.workers_wanted == 0 { cluster.workers_desired.min(cluster.shape.workers_min) } else { 0 };
    u64::from(first) * cluster.shape.memory_bytes
}

/// Whether the owner's oldest wish does not fit, or memory is kept for somebody else's; younger ones of the same owner do
/// not overtake it.
fn queue_is_full(state: &State, owner: &str) -> bool {
    let Some((_, bytes)) = oldest_wish(state, owner) else { return false };
    let owners = state.book.jobs.values().map(|job| &job.owner).chain(state.book.clusters.values().map(|c| &c.owner));
    bytes > free(state) || owners.filter(|other| *other != owner).any(|other| is_kept_for(state, other))
}

/// Whether memory is kept for the oldest wish of an owner: it does not fit, he was given nothing since, and he has
/// waited from one minute to two, from four to eight, from 16 to 32, and so on. Others wait meanwhile, whose wish may
/// be older: they were given something since.
fn is_kept_for(state: &State, owner: &str) -> bool {
    let Some((since, bytes)) = oldest_wish(state, owner) else { return false };
    let given = |cluster: &ClusterRecord| cluster.owner == owner && cluster.workers_wanted > 0 && cluster.created_at >= since;
    let served = state.book.clusters.values().any(|cluster| !cluster.state.is_ended() && given(cluster));
    let minutes = state.now().since(since).as_secs() / 60;
    let span = (0..16).map(|k| 4_u64.pow(k)).any(|from| (from..2 * from).contains(&minutes));
    bytes > free(state) && !served && span
}

fn oldest_wish(state: &State, owner: &str) -> Option<(Timestamp, u64)> {
    wishes(state).into_iter().find(|(_, whose, _, _)| *whose == owner).map(|(since, _, _, bytes)| (since, bytes))
}

/// Who waits for memory: since when, whose it is, what it is, and bytes; the oldest first.
pub fn wishes(state: &State) -> Vec<(Timestamp, &str, String, u64)> {
    let jobs = state.book.jobs.values().filter_map(|job| match job.state {
        JobState::Queued { since, .. } => Some((since, job.owner.as_str(), job.id.to_string(), needs(job))),
        _ => None,
    });
    let clusters = state.book.clusters.values().filter(|cluster| !cluster.state.is_ended());
    let clusters = clusters.map(|cluster| (cluster.created_at, cluster.owner.as_str(), cluster.id.to_string(), lacks(cluster)));
    let mut all: Vec<_> = jobs.chain(clusters).filter(|(_, _, _, bytes)| *bytes > 0).collect();
    all.sort();
    all
}

/// Holds nothing that others wait for, and waits for memory that is in use.
fn waits_for_memory(state: &State, cluster: &ClusterRecord) -> bool {
    lacks(cluster) > 0 && queue_is_full(state, &cluster.owner)
}

fn cluster_may_stay(state: &State, cluster: &ClusterRecord) -> bool {
    let used = match &cluster.job {
        None => true,
        Some(job) => state.book.jobs.get(job).is_some_and(|job| !job.is_ended() && job.cluster_id() == Some(&cluster.id)),
    };
    let serves = matches!(cluster.state, ClusterState::Running { .. }) && nobody_is_to_go(cluster);
    used && cluster.stop_wish.is_none() && (serves || waits_for_memory(state, cluster))
}

/// Who was to go has gone, also when the scheduler never heard of it the first time.
fn nobody_is_to_go(cluster: &ClusterRecord) -> bool {
    cluster.slots.values().all(|slot| slot.retiring.is_none()) && surplus(cluster) == 0
}

/// Processes and folders of clusters that have ended, or that nobody knows.
fn leftovers(state: &State) -> Vec<String> {
    let over = |id: &caddis_types::ClusterId| state.book.clusters.get(id).is_none_or(|cluster| cluster.state.is_ended());
    let folders = state.world.sites.iter().filter(|(id, site)| site.folder && over(id));
    let folders = folders.map(|(id, _)| format!("the folder of {id} is left"));
    let processes = state.world.processes.iter().filter(|p| (p.end.is_none() || p.leaked) && over(&p.cluster));
    folders.chain(processes.map(|p| format!("process {} of {}/{} is left", p.pid, p.cluster, p.member))).collect()
}

/// Users have ended everything: nothing is left at all.
pub fn all_gone(state: &mut State) {
    let mut left = leftovers(state);
    for job in state.book.jobs.values().filter(|job| !job.is_ended()) {
        left.push(format!("{} did not end: {:?} {:?}", job.id, job.state, job.attempt()));
    }
    for cluster in state.book.clusters.values().filter(|cluster| !cluster.state.is_ended()) {
        left.push(format!("{} did not end: {}", cluster.id, super::brief(cluster)));
    }
    left.into_iter().for_each(|line| state.violate(line));
}
