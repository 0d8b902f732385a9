//! One look at one job.

use caddis_core::cluster::past_scripts;
use caddis_core::job::{self, JobInput};
use caddis_core::plan::Plan;
use caddis_core::record::{ClusterRecord, JobRecord, JobState};
use caddis_core::world::{ClusterWorld, Observed};
use caddis_types::JobId;

use super::{Outcome, PassError, act, snapshot};
use crate::Key;
use crate::ports::{Change, Ports, StoreError};

pub(super) async fn run(id: &JobId, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let Some(record) = ports.store.job(id).await? else { return Ok(()) };
    if record.is_ended() {
        return Ok(());
    }
    let (plan, cluster, world) = plan(&record, ports).await?;
    let changed = plan.record != record || !plan.events.is_empty();
    *outcome = Outcome { due: plan.due, acted: changed || !plan.actions.is_empty(), ..Outcome::default() };
    if changed {
        let own = cluster.as_ref().filter(|cluster| cluster.job.as_ref() == Some(id));
        if let (true, Some(cluster)) = (plan.record.is_ended(), own) {
            // Whoever waits for the job is told what it used: of a short one the scheduler may have said nothing yet.
            ports.dask.refresh(&cluster.id).await;
        }
        let change =
            Change { jobs: vec![plan.record.clone()], events: plan.events.clone(), ..Change::default() };
        ports.store.commit(change).await?;
        ports.notifier.changed(id.as_str());
        outcome.wakes.push(Key::Job(id.clone()));
        outcome.wakes.extend(record.cluster_id().cloned().map(Key::Cluster));
        if matches!(plan.record.state, JobState::Queued { .. } | JobState::Ended { .. }) {
            outcome.wakes.push(Key::Pool);
        }
    }
    if let Some(cluster) = &cluster {
        act::job_actions(&plan, cluster, ports, outcome).await?;
        if let Some(ClusterWorld { members: Observed::Known(members), .. }) = &world {
            super::cluster::forget(&cluster.id, &past_scripts(&plan.record, cluster, members), ports).await;
        }
    }
    Ok(())
}

/// Reads everything and decides, changing nothing; also the answer to `why`.
pub async fn plan(
    record: &JobRecord,
    ports: &Ports,
) -> Result<(Plan<JobRecord>, Option<ClusterRecord>, Option<ClusterWorld>), StoreError> {
    let cluster = match record.cluster_id() {
        Some(id) => ports.store.cluster(id).await?,
        None => None,
    };
    let world = match &cluster {
        Some(cluster) => Some(snapshot::world(cluster, ports).await),
        None => None,
    };
    let settings = &ports.settings;
    let input = JobInput { record, cluster: cluster.as_ref(), world: world.as_ref(), settings };
    let plan = job::plan(&input, ports.clock.now());
    Ok((plan, cluster, world))
}
