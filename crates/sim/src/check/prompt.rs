//! Where nothing fails, nothing dawdles: what is ready to go on goes on within seconds.

use std::time::Duration;

use caddis_core::cluster::preempt::NOTICE;
use caddis_core::record::{ClusterState, JobState, Leaving};
use caddis_core::world::Member;

use crate::hub::State;
use crate::world::Known;

const LIMIT: Duration = Duration::from_secs(2);

/// For seeds in which nothing fails by itself.
pub fn prompt(state: &mut State) {
    let now = state.now();
    let mut late = Vec::new();
    for job in state.book.jobs.values() {
        let Some(cluster) = job.cluster_id().and_then(|id| state.book.clusters.get(id)) else { continue };
        match (&job.state, &cluster.state) {
            (JobState::Starting { since }, ClusterState::Running { since: ready })
                if now.since((*since).max(*ready)) > LIMIT =>
            {
                late.push(format!("{} waits for its cluster {}, which serves", job.id, cluster.id));
            }
            (JobState::Ended { at, .. }, state)
                if cluster.job.as_ref() == Some(&job.id)
                    && !state.is_ending()
                    && job.keep_on_failure_ms.is_none()
                    && now.since(*at) > LIMIT =>
            {
                late.push(format!("{} is over, and its cluster {} is not being ended", job.id, cluster.id));
            }
            _ => {}
        }
    }
    for cluster in state.book.clusters.values() {
        let ready = state.world.sites.get(&cluster.id).is_some_and(|site| site.environment.status == Known::Ready);
        if let ClusterState::Preparing { since } = cluster.state
            && ready
            && now.since(since) > LIMIT + Duration::from_secs(10)
        {
            late.push(format!("{} waits for its environment, which is ready", cluster.id));
        }
    }
    late.extend(overdue(state));
    late.into_iter().for_each(|line| state.violate(line));
}

/// Workers that were given notice and live on beyond it, on clusters that serve: what ends goes in its own time.
fn overdue(state: &State) -> Vec<String> {
    let now = state.now();
    let late = |index: &usize| {
        let process = &state.world.processes[*index];
        let Member::Worker { slot, attempt } = process.member else { return None };
        let cluster = state.book.clusters.get(&process.cluster)?;
        let slot = cluster.slots.get(&slot).filter(|slot| slot.attempt == attempt && !cluster.state.is_ending())?;
        let retiring = slot.retiring.as_ref().filter(|retiring| retiring.why == Leaving::Preempted)?;
        let had = now.since(retiring.since);
        (had > NOTICE + LIMIT).then(|| format!("{}/{} was to be taken away {had:?} ago, and lives", process.cluster, process.member))
    };
    state.world.alive.iter().filter_map(late).collect()
}
