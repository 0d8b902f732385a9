//! One look at the pool: who gets capacity next.

use caddis_core::admission::{self, Applicant, PoolView, Waiting};
use caddis_core::cluster::{durations_key, held_bytes, wished};
use caddis_core::profile;
use caddis_core::record::{
    AttemptPhase, AttemptRecord, ClusterRecord, Fact, JobRecord, JobState, Learned, NewEvent, Scaling, StopWhy,
};
use caddis_types::api::{ClusterChoice, Program};
use caddis_types::shape::{ClusterShape, ShapeWish};
use caddis_types::{Cause, CauseCode, ClusterId, Timestamp};

use super::{Outcome, PassError};
use crate::Key;
use crate::ports::{Change, ClusterFilter, JobFilter, Ports, StoreError};

pub(super) async fn run(ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let (view, jobs, clusters) = view(ports).await?;
    let now = ports.clock.now();
    let grants = admission::plan(&view, now);
    outcome.due = grants.due;
    for id in &grants.jobs {
        if let Some(job) = jobs.iter().find(|job| &job.id == id) {
            admit(job.clone(), ports, outcome).await?;
        }
    }
    for (id, workers) in &grants.growth {
        if let Some(cluster) = clusters.iter().find(|cluster| &cluster.id == id) {
            grow(cluster.clone(), *workers, ports, outcome).await?;
        }
    }
    Ok(())
}

/// The pool at this moment, with the queued jobs and living clusters it was made of.
pub async fn view(ports: &Ports) -> Result<(PoolView, Vec<JobRecord>, Vec<ClusterRecord>), StoreError> {
    let clusters = ports.store.clusters(&ClusterFilter { active: true, ..ClusterFilter::default() }).await?;
    let jobs = ports.store.jobs(&JobFilter { active: true, ..JobFilter::default() }).await?;
    let queued: Vec<_> = jobs.into_iter().filter(|job| matches!(job.state, JobState::Queued { .. })).collect();
    let pool = ports.backend.pool();
    let mut view = PoolView { capacity: pool.memory_bytes, ..PoolView::default() };
    for cluster in &clusters {
        *view.held.entry(cluster.owner.clone()).or_default() += held_bytes(cluster);
        if cluster.workers_wanted > 0 {
            let served = view.served.entry(cluster.owner.clone()).or_insert(cluster.created_at);
            *served = cluster.created_at.max(*served);
        }
        view.waiting.extend(growth(cluster));
    }
    view.waiting.extend(queued.iter().filter_map(|job| applicant(job, pool, ports)));
    Ok((view, queued, clusters))
}

fn growth(cluster: &ClusterRecord) -> Option<Waiting> {
    let more = wished(cluster).checked_sub(cluster.workers_wanted).filter(|more| *more > 0)?;
    if cluster.state.is_ending() {
        return None;
    }
    let each = cluster.shape.memory_bytes;
    let first = cluster.workers_desired.min(cluster.shape.workers_min).saturating_sub(cluster.workers_wanted);
    let least = if cluster.ready_at.is_some() { 0 } else { first };
    Some(Waiting {
        what: Applicant::Growth { cluster: cluster.id.clone(), workers: more, each, least },
        owner: cluster.owner.clone(),
        since: cluster.created_at,
        not_before: None,
        needs: u64::from(least.max(1)) * each,
    })
}

fn fit(wish: &ShapeWish, pool: profile::Pool, ports: &Ports) -> Result<(ClusterShape, Vec<String>), profile::ShapeError> {
    profile::fit(wish, pool, &ports.settings.tariff, ports.clock.now())
}

fn applicant(job: &JobRecord, pool: profile::Pool, ports: &Ports) -> Option<Waiting> {
    let JobState::Queued { since, not_before } = job.state else { return None };
    let needs = match &job.cluster {
        ClusterChoice::Fresh(wish) => {
            // A wish that does not fit any more is admitted, so that it fails with its reason instead of waiting.
            fit(wish, pool, ports).map_or(0, |(shape, _)| u64::from(shape.workers_min) * shape.memory_bytes)
        }
        ClusterChoice::Existing(_) => 0,
    };
    job.cancel.is_none().then(|| Waiting {
        what: Applicant::Job(job.id.clone()),
        owner: job.owner.clone(),
        since,
        not_before,
        needs,
    })
}

async fn admit(mut job: JobRecord, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let now = ports.clock.now();
    let mut change = Change::default();
    let assigned = match job.cluster.clone() {
        ClusterChoice::Fresh(wish) => {
            let cluster = fresh(&job, &wish, ports, now).await?;
            let variables = ports.store.variables(job.id.as_str()).await?;
            change.variables.push((cluster.id.to_string(), variables));
            let id = cluster.id.clone();
            change.clusters.push(cluster);
            Ok(id)
        }
        ClusterChoice::Existing(name) => existing(&job, &name, ports).await?,
    };
    let number = job.attempts.len() as u32 + 1;
    match assigned {
        Ok(cluster) => {
            let message = format!("attempt {number} was given cluster `{cluster}`");
            change.events.push(NewEvent::new(now, job.id.as_str(), "job.admitted", message));
            job.attempts.push(AttemptRecord { number, cluster: cluster.clone(), phase: AttemptPhase::Assigned, exit: None, cause: None });
            job.state = JobState::Starting { since: now };
            outcome.wakes.push(Key::Cluster(cluster));
        }
        Err(cause) => {
            let message = cause.sentence.clone();
            change.events.push(NewEvent::new(now, job.id.as_str(), "job.failed", message));
            job.end_cause = Some(cause);
            let exit_code = caddis_core::job::EXIT_CADDIS_FAILED;
            job.state = JobState::Ended { at: now, outcome: caddis_core::record::Outcome::Failed, exit_code };
        }
    }
    let id = job.id.clone();
    change.jobs.push(job);
    ports.store.commit(change).await?;
    ports.notifier.changed(id.as_str());
    outcome.acted = true;
    outcome.wakes.push(Key::Job(id));
    Ok(())
}

async fn fresh(
    job: &JobRecord,
    wish: &ShapeWish,
    ports: &Ports,
    now: Timestamp,
) -> Result<ClusterRecord, StoreError> {
    let fitted = fit(wish, ports.backend.pool(), ports);
    let (shape, notices, stop_wish) = match fitted {
        Ok((shape, notices)) => (shape, notices, None),
        Err(error) => {
            let cause = Cause::new(CauseCode::ClusterStart, error.to_string());
            let unlimited = profile::Pool { memory_bytes: u64::MAX / 2, cpus: 1 };
            let shape = fit(&ShapeWish::default(), unlimited, ports);
            (shape.expect("the default profile fits an unlimited pool").0, Vec::new(), Some(StopWhy::failure(cause)))
        }
    };
    let granted = if stop_wish.is_some() { 0 } else { shape.workers_min };
    let record = ClusterRecord {
        tags: job.tags.clone(),
        job: Some(job.id.clone()),
        environment: job.environment.clone(),
        program: Some(job.program.clone()),
        cwd: job.cwd.clone(),
        umask: job.umask,
        workers_desired: granted,
        workers_wanted: granted,
        stop_wish,
        notices,
        scaling: known(&job.owner, Some(&job.program), ports).await?,
        ..ClusterRecord::new(ClusterId::new(now, &mut ports.rng()), job.owner.clone(), shape, now)
    };
    Ok(match caddis_core::job::unaffordable(job, &record, &ports.settings.tariff, now) {
        Some(cause) if record.stop_wish.is_none() => {
            ClusterRecord { workers_desired: 0, workers_wanted: 0, stop_wish: Some(StopWhy::failure(cause)), ..record }
        }
        _ => record,
    })
}

/// What earlier clusters left for a new one: how long workers take to start, and how long a program's tasks take.
pub async fn known(owner: &str, program: Option<&Program>, ports: &Ports) -> Result<Scaling, StoreError> {
    let mut scaling = Scaling::default();
    if let Some(Fact::StartSeconds(seconds)) = ports.store.learned(Learned::START).await? {
        scaling.start_seconds = seconds;
    }
    if let Some(program) = program
        && let Some(Fact::Durations(durations)) = ports.store.learned(&durations_key(owner, program)).await?
    {
        scaling.durations = durations;
    }
    Ok(scaling)
}

async fn existing(job: &JobRecord, name: &str, ports: &Ports) -> Result<Result<ClusterId, Cause>, PassError> {
    let filter = ClusterFilter { owner: Some(job.owner.clone()), active: true, ..ClusterFilter::default() };
    let living = ports.store.clusters(&filter).await?;
    let serving = |cluster: &&ClusterRecord| !cluster.state.is_ending();
    let found = living.iter().filter(serving).find(|cluster| cluster.name.as_deref() == Some(name) || cluster.id.as_str() == name);
    Ok(found.map(|cluster| cluster.id.clone()).ok_or_else(|| {
        Cause::new(CauseCode::ClusterStopped, format!("there is no living cluster `{name}` any more"))
    }))
}

async fn grow(mut cluster: ClusterRecord, workers: u32, ports: &Ports, outcome: &mut Outcome) -> Result<(), PassError> {
    let now = ports.clock.now();
    cluster.workers_wanted += workers;
    let message = format!("it grows to {} workers", cluster.workers_wanted);
    let events = vec![NewEvent::new(now, cluster.id.as_str(), "cluster.grows", message)];
    let id = cluster.id.clone();
    ports.store.commit(Change { clusters: vec![cluster], events, ..Change::default() }).await?;
    ports.notifier.changed(id.as_str());
    outcome.acted = true;
    outcome.wakes.push(Key::Cluster(id));
    Ok(())
}

/// Why a job or a cluster waits for the pool, if it does.
pub async fn reason_for(subject: &str, ports: &Ports) -> Result<Option<caddis_types::Reason>, StoreError> {
    let (view, _, _) = view(ports).await?;
    let mut grants = admission::plan(&view, ports.clock.now());
    Ok(grants.report.remove(subject))
}

