//! One look at one cluster.

use caddis_core::cluster::{self, ClusterInput};
use caddis_core::plan::Plan;
use caddis_core::record::{ClusterRecord, ClusterState, JobRecord};
use caddis_core::world::{ClusterWorld, Member, Observed};
use caddis_types::ClusterId;

use super::{Outcome, PassError, act, snapshot};
use crate::Key;
use crate::ports::{Change, JobFilter, Ports, StoreError};

pub(super) async fn run(id: &ClusterId, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let Some(record) = ports.store.cluster(id).await? else { return Ok(()) };
    let victims = victims(&record, ports).await;
    let (plan, job, world) = decide(&record, &victims, ports).await?;
    let tells = !plan.events.is_empty() || !plan.learned.is_empty();
    let changed = plan.record != record || !plan.ledger.is_empty() || tells;
    *outcome = Outcome { due: plan.due, acted: changed || !plan.actions.is_empty(), ..Outcome::default() };
    if !changed && !plan.decisions.is_empty() {
        // A look that answered as the one before: it is kept for those who replay it, and nobody need hear of it. Where
        // it cannot be kept, on a full disk for instance, what is to be done is done all the same.
        let change = Change { decisions: plan.decisions.clone(), ..Change::default() };
        if let Err(error) = ports.store.commit(change).await {
            tracing::debug!(cluster.id = %id, %error, "a look at its size was not kept");
        }
    }
    if changed {
        let change = Change {
            clusters: vec![plan.record.clone()],
            ledger: plan.ledger.clone(),
            events: plan.events.clone(),
            decisions: plan.decisions.clone(),
            learned: plan.learned.clone(),
            ..Change::default()
        };
        ports.store.commit(change).await?;
        ports.notifier.changed(id.as_str());
        outcome.wakes = dependents(&record, &plan.record, job.as_ref(), ports).await?;
    }
    if let ClusterState::Stopping { purged_at: Some(_), .. } = plan.record.state {
        outcome.wakes.extend(jobs_of(&plan.record, job.as_ref(), ports).await?);
    }
    act::cluster_actions(&plan, ports, outcome).await?;
    if let Observed::Known(members) = &world.members {
        forget(id, &cluster::past_workers(&plan.record, members), ports).await;
    }
    Ok(())
}

/// Lets go of what is over, after that is in the database. What fails is tried by the next look.
pub(super) async fn forget(id: &ClusterId, members: &[Member], ports: &Ports) {
    if members.is_empty() {
        return;
    }
    if let Err(error) = ports.backend.forget_members(id, members).await {
        tracing::info!(cluster.id = %id, error.code, error.message, "ended processes could not be forgotten yet");
    }
}

/// Whom the scheduler would close. It is asked first, since its answer may take seconds: the world is then read after.
async fn victims(record: &ClusterRecord, ports: &Ports) -> Vec<String> {
    match cluster::surplus(record) {
        0 => Vec::new(),
        // All of them, not only as many as must go: which of those it is to be, is decided by more than the scheduler knows.
        _ if matches!(record.state, ClusterState::Running { .. }) => {
            ports.dask.workers_to_close(&record.id, record.slots.len() as u32).await
        }
        _ => Vec::new(),
    }
}

/// What would be decided now, for those who look; the answer to `why`. It goes by what is known already and asks no
/// scheduler: whoever looks at many clusters must not wait for one of them.
pub async fn plan(
    record: &ClusterRecord,
    ports: &Ports,
) -> Result<(Plan<ClusterRecord>, Option<JobRecord>, ClusterWorld), StoreError> {
    decide(record, &[], ports).await
}

/// Reads everything and decides, changing nothing.
async fn decide(
    record: &ClusterRecord,
    victims: &[String],
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
    let settings = &ports.settings;
    let input = ClusterInput { record, world: &world, job: job.as_ref(), scripts: &scripts, victims, settings };
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
    // How long a job may go on that must not cost more than its limit hangs on who works for it.
    let dearer = job.is_some_and(|job| job.max_cost.is_some()) && before.slots != after.slots;
    if moved || dearer {
        wakes.extend(jobs_of(after, job, ports).await?);
    }
    let freed = cluster::held_bytes(after) < cluster::held_bytes(before);
    if freed || cluster::wished(after) > after.workers_wanted {
        wakes.push(Key::Pool);
    }
    Ok(wakes)
}
