//! One look at one cluster.

use caddis_core::cluster::{self, ClusterInput};
use caddis_core::plan::Plan;
use caddis_core::record::{ClusterRecord, ClusterState, JobRecord};
use caddis_core::world::ClusterWorld;
use caddis_types::ClusterId;

use super::{Outcome, PassError, act, snapshot};
use crate::Key;
use crate::ports::{Change, JobFilter, Ports, StoreError};

pub(super) async fn run(id: &ClusterId, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let Some(record) = ports.store.cluster(id).await? else { return Ok(()) };
    let (plan, job, _) = plan(&record, ports).await?;
    let changed = plan.record != record || !plan.ledger.is_empty() || !plan.events.is_empty();
    *outcome = Outcome { due: plan.due, acted: changed || !plan.actions.is_empty(), ..Outcome::default() };
    if changed {
        let change = Change {
            clusters: vec![plan.record.clone()],
            ledger: plan.ledger.clone(),
            events: plan.events.clone(),
            ..Change::default()
        };
        ports.store.commit(change).await?;
        ports.notifier.changed(id.as_str());
        outcome.wakes = dependents(&record, &plan.record, job.as_ref(), ports).await?;
    }
    if let ClusterState::Stopping { purged_at: Some(_), .. } = plan.record.state {
        outcome.wakes.extend(jobs_of(&plan.record, job.as_ref(), ports).await?);
    }
    act::cluster_actions(&plan, ports, outcome).await
}

/// Reads everything and decides, changing nothing; also the answer to `why`.
pub async fn plan(
    record: &ClusterRecord,
    ports: &Ports,
) -> Result<(Plan<ClusterRecord>, Option<JobRecord>, ClusterWorld), StoreError> {
    let job = match &record.job {
        Some(job) => ports.store.job(job).await?,
        None => None,
    };
    let world = snapshot::world(record, ports).await;
    let users = match &job {
        Some(job) => vec![job.clone()],
        None => jobs_on(record, ports).await?,
    };
    let here = users.iter().filter(|job| job.cluster_id() == Some(&record.id));
    let scripts: Vec<_> = here.filter_map(caddis_core::job::script).collect();
    let surplus = cluster::surplus(record);
    let serving = matches!(record.state, ClusterState::Running { .. });
    let victims = match surplus {
        0 => Vec::new(),
        n if serving => ports.dask.workers_to_close(&record.id, n).await,
        _ => Vec::new(),
    };
    let settings = &ports.settings;
    let input = ClusterInput { record, world: &world, job: job.as_ref(), scripts: &scripts, victims: &victims, settings };
    let plan = cluster::plan(&input, ports.clock.now());
    Ok((plan, job, world))
}

async fn jobs_on(record: &ClusterRecord, ports: &Ports) -> Result<Vec<JobRecord>, StoreError> {
    let filter = JobFilter { active: true, cluster: Some(record.id.clone()), ..JobFilter::default() };
    ports.store.jobs(&filter).await
}

async fn jobs_of(record: &ClusterRecord, job: Option<&JobRecord>, ports: &Ports) -> Result<Vec<Key>, StoreError> {
    match job {
        Some(job) => Ok(vec![Key::Job(job.id.clone())]),
        None => Ok(jobs_on(record, ports).await?.into_iter().map(|job| Key::Job(job.id)).collect()),
    }
}

/// Who must look again because this cluster changed.
async fn dependents(
    before: &ClusterRecord,
    after: &ClusterRecord,
    job: Option<&JobRecord>,
    ports: &Ports,
) -> Result<Vec<Key>, StoreError> {
    let mut wakes = vec![Key::Cluster(after.id.clone())];
    let moved = std::mem::discriminant(&before.state) != std::mem::discriminant(&after.state);
    if moved {
        wakes.extend(jobs_of(after, job, ports).await?);
    }
    let freed = cluster::held_bytes(after) < cluster::held_bytes(before);
    if freed || after.workers_desired > after.workers_wanted {
        wakes.push(Key::Pool);
    }
    Ok(wakes)
}
