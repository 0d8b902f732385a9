//! Effects, after their intent was committed. Each may be repeated; what fails is looked at again by the next pass.

use std::time::Duration;

use caddis_core::plan::{Action, Plan};
use caddis_core::record::{ClusterRecord, ClusterState, JobRecord};
use caddis_core::world::Member;
use caddis_core::{cluster, job};
use caddis_types::{Cause, CauseCode, ClusterId};

use super::{Outcome, PassError};
use crate::Key;
use crate::ports::{BackendError, Change, MemberStart, Ports, StartError, Stopped};

/// How soon a failed effect is tried again.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn cluster_actions(
    plan: &Plan<ClusterRecord>,
    ports: &Ports,
    outcome: &mut Outcome,
) -> Result<(), PassError> {
    let record = &plan.record;
    let starts: Vec<Member> = plan.actions.iter().filter_map(starting).collect();
    for (member, refusal) in start(record, None, &starts, ports, outcome).await? {
        refused_member(&record.id, &member, refusal, ports).await?;
        outcome.wakes.push(Key::Cluster(record.id.clone()));
    }
    for action in &plan.actions {
        other(action, record, ports, outcome).await?;
    }
    Ok(())
}

pub(super) async fn job_actions(
    plan: &Plan<JobRecord>,
    cluster: &ClusterRecord,
    ports: &Ports,
    outcome: &mut Outcome,
) -> Result<(), PassError> {
    let starts: Vec<Member> = plan.actions.iter().filter_map(starting).collect();
    for (_, refusal) in start(cluster, Some(&plan.record), &starts, ports, outcome).await? {
        refused_job(&plan.record, refusal.cause(), ports).await?;
        outcome.wakes.push(Key::Job(plan.record.id.clone()));
    }
    for action in &plan.actions {
        match action {
            Action::StopMember { member, reason, ladder } => {
                match ports.backend.stop_member(&cluster.id, member, reason, ladder).await {
                    Ok(Stopped::Found) => {}
                    Ok(Stopped::Nothing) => nothing_to_stop(&plan.record, member, ports, outcome).await?,
                    Err(error) => failed(action, &cluster.id, &error, ports, outcome),
                }
            }
            action => other(action, cluster, ports, outcome).await?,
        }
    }
    Ok(())
}

fn starting(action: &Action) -> Option<Member> {
    match action {
        Action::StartMember { member } => Some(member.clone()),
        _ => None,
    }
}

/// Why a process was definitely not started.
enum Refusal {
    ForGood(Cause),
    NoCapacity(String),
}

impl Refusal {
    fn cause(self) -> Cause {
        match self {
            Refusal::ForGood(cause) => cause,
            Refusal::NoCapacity(why) => Cause::new(CauseCode::ClusterStart, format!("there is no capacity: {why}")),
        }
    }
}

/// Starts processes together; answers those that were definitely refused.
async fn start(
    record: &ClusterRecord,
    job: Option<&JobRecord>,
    members: &[Member],
    ports: &Ports,
    outcome: &mut Outcome,
) -> Result<Vec<(Member, Refusal)>, PassError> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let subject = job.map_or(record.id.as_str(), |job| job.id.as_str());
    let variables = ports.store.variables(subject).await?;
    let starts: Vec<_> = members.iter().map(|member| MemberStart { member, job }).collect();
    let results = ports.backend.start_members(record, &starts, &variables).await;
    let mut refused = Vec::new();
    for (member, result) in members.iter().zip(results) {
        match result {
            Ok(()) => {}
            Err(StartError::Refused(cause)) => refused.push((member.clone(), Refusal::ForGood(cause))),
            Err(StartError::NoCapacity(why)) => refused.push((member.clone(), Refusal::NoCapacity(why))),
            Err(StartError::Unknown(why)) => {
                tracing::info!(cluster.id = %record.id, member = %member, why, "the answer to a start was lost");
                again(outcome, ports);
            }
        }
    }
    Ok(refused)
}

fn again(outcome: &mut Outcome, ports: &Ports) {
    let at = ports.clock.now() + AGAIN;
    outcome.due = Some(outcome.due.map_or(at, |due| due.min(at)));
}

async fn refused_member(id: &ClusterId, member: &Member, refusal: Refusal, ports: &Ports) -> Result<(), PassError> {
    let Some(record) = ports.store.cluster(id).await? else { return Ok(()) };
    let now = ports.clock.now();
    let plan = match (refusal, member) {
        (Refusal::NoCapacity(why), Member::Worker { .. }) => cluster::no_capacity(&record, member, &why, now),
        (refusal, _) => cluster::start_refused(&record, member, refusal.cause(), now),
    };
    if plan.record != record {
        let change = Change { clusters: vec![plan.record], events: plan.events, ..Change::default() };
        ports.store.commit(change).await?;
        ports.notifier.changed(id.as_str());
    }
    Ok(())
}

async fn refused_job(record: &JobRecord, cause: Cause, ports: &Ports) -> Result<(), PassError> {
    let Some(record) = ports.store.job(&record.id).await? else { return Ok(()) };
    let plan = job::start_refused(&record, cause, ports.clock.now());
    if plan.record != record {
        let change = Change { jobs: vec![plan.record], events: plan.events, ..Change::default() };
        ports.store.commit(change).await?;
        ports.notifier.changed(record.id.as_str());
    }
    Ok(())
}

/// The answer to a stop says that the script was never started.
async fn nothing_to_stop(
    record: &JobRecord,
    member: &Member,
    ports: &Ports,
    outcome: &mut Outcome,
) -> Result<(), PassError> {
    let Some(record) = ports.store.job(&record.id).await? else { return Ok(()) };
    let plan = job::nothing_to_stop(&record, member, ports.clock.now());
    if plan.record != record {
        let id = record.id.clone();
        let change = Change { jobs: vec![plan.record], events: plan.events, ..Change::default() };
        ports.store.commit(change).await?;
        ports.notifier.changed(id.as_str());
        outcome.wakes.extend([Key::Job(id), Key::Pool]);
        outcome.wakes.extend(record.cluster_id().cloned().map(Key::Cluster));
    }
    Ok(())
}

async fn other(action: &Action, record: &ClusterRecord, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let id = &record.id;
    let result = match action {
        Action::StartMember { .. } => Ok(()),
        Action::PrepareEnvironment => {
            let variables = ports.store.variables(id.as_str()).await?;
            ports.backend.prepare_environment(record, &variables).await
        }
        Action::StopMember { member, reason, ladder } => {
            ports.backend.stop_member(id, member, reason, ladder).await.map(drop)
        }
        Action::CloseCluster { reason } => {
            ports.dask.close(id, reason).await;
            Ok(())
        }
        Action::DrainWorkers { workers, deadline, why } => {
            ports.dask.drain(id, workers, *deadline, *why).await;
            Ok(())
        }
        Action::PurgeCluster { reason } => return purge(id, reason, ports, outcome).await,
        Action::CleanCluster => ports.backend.clean(id).await,
    };
    if let Err(error) = result {
        failed(action, id, &error, ports, outcome);
    }
    Ok(())
}

fn failed(action: &Action, id: &ClusterId, error: &BackendError, ports: &Ports, outcome: &mut Outcome) {
    tracing::info!(cluster.id = %id, ?action, error.code, error.message, "an effect failed and is tried again");
    again(outcome, ports);
}

/// Ends everything of a cluster, and records that nothing is left.
async fn purge(id: &ClusterId, reason: &str, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    if let Err(error) = ports.backend.purge(id, reason).await {
        failed(&Action::PurgeCluster { reason: reason.to_owned() }, id, &error, ports, outcome);
        return Ok(());
    }
    let Some(mut record) = ports.store.cluster(id).await? else { return Ok(()) };
    if let ClusterState::Stopping { purged_at, .. } = &mut record.state {
        // A purge that is made once more, since something lived all the same, is not made at once: that would spin.
        let first = purged_at.replace(ports.clock.now()).is_none();
        ports.store.commit(Change { clusters: vec![record], ..Change::default() }).await?;
        outcome.wakes.extend(first.then(|| Key::Cluster(id.clone())));
    }
    Ok(())
}
