//! What clients are told: records and world turned into the shapes of the API.

use std::collections::BTreeMap;

use caddis_types::api::{AttemptView, ClusterChoice, ClusterPhase, ClusterView, DecisionView, JobPhase, JobView, SlotView, UsageView};
use caddis_types::{Reason, Timestamp};

use crate::ledger;
use crate::prices::Tariff;
use crate::record::{
    AttemptPhase, AttemptRecord, ClusterRecord, ClusterState, DecisionRow, JobRecord, JobState, Leaving, LedgerLine, MemberPhase,
    Outcome, SlotRecord,
};
use crate::world::{ClusterWorld, EnvironmentStatus, Exit, Members, Observed};

/// A job, with the clusters of its attempts, and the ledger's lines of one that outlives it.
pub fn job(
    record: &JobRecord,
    clusters: &[ClusterRecord],
    lines: &[LedgerLine],
    world: Option<&ClusterWorld>,
    reasons: Vec<Reason>,
    tariff: &Tariff,
    now: Timestamp,
) -> JobView {
    let current = clusters.iter().find(|cluster| Some(&cluster.id) == record.cluster_id());
    let ended = match &record.state {
        JobState::Ended { exit_code, .. } => Some(*exit_code),
        _ => None,
    };
    let failed = matches!(record.state, JobState::Ended { outcome: Outcome::Failed | Outcome::Cancelled, .. });
    let here = |cluster: &ClusterRecord| world.filter(|_| record.cluster_id() == Some(&cluster.id));
    let own = clusters.iter().filter(|cluster| cluster.job.as_ref() == Some(&record.id));
    JobView {
        id: record.id.clone(),
        name: record.name.clone(),
        owner: record.owner.clone(),
        tags: record.tags.clone(),
        program: record.program.clone(),
        args: record.args.clone(),
        max_cost: record.max_cost,
        cwd: record.cwd.clone(),
        phase: job_phase(record, current),
        generation: record.generation,
        reasons,
        attempts: record.attempts.iter().map(attempt).collect(),
        submitted_at: record.submitted_at,
        stages: record.stages.clone(),
        environment_step: world.and_then(|world| match &world.environment {
            EnvironmentStatus::Building(step) => Some(step.clone()),
            _ => None,
        }),
        cluster: record.cluster_id().cloned(),
        exit_code: ended,
        cause: record.attempt().filter(|_| failed).and_then(|attempt| attempt.cause.clone()).or(record.end_cause.clone()),
        notices: notices(record, current),
        usage: match record.cluster {
            ClusterChoice::Existing(_) => part(ledger::part_of(&record.id, lines)),
            ClusterChoice::Fresh(_) => own.map(|cluster| usage(cluster, here(cluster), tariff, now)).fold(nothing(), add),
        },
    }
}

fn notices(record: &JobRecord, cluster: Option<&ClusterRecord>) -> Vec<String> {
    let mut all = record.notices.clone();
    for notice in cluster.map(|cluster| cluster.notices.as_slice()).unwrap_or_default() {
        if !all.contains(notice) {
            all.push(notice.clone());
        }
    }
    all
}

fn job_phase(record: &JobRecord, cluster: Option<&ClusterRecord>) -> JobPhase {
    match &record.state {
        JobState::Queued { .. } => JobPhase::Queued,
        JobState::Starting { .. } => match cluster.map(|cluster| &cluster.state) {
            Some(ClusterState::Preparing { .. }) => JobPhase::Environment,
            _ => JobPhase::Cluster,
        },
        JobState::Running { .. } => JobPhase::Running,
        JobState::Ended { outcome, .. } => match outcome {
            Outcome::Succeeded => JobPhase::Succeeded,
            Outcome::Failed => JobPhase::Failed,
            Outcome::Cancelled => JobPhase::Cancelled,
        },
    }
}

fn attempt(record: &AttemptRecord) -> AttemptView {
    let (started_at, ended_at) = match &record.phase {
        AttemptPhase::Assigned | AttemptPhase::Intended { .. } => (None, None),
        AttemptPhase::Running { started_at, .. } => (Some(*started_at), None),
        AttemptPhase::Ended { started_at, at } => (*started_at, Some(*at)),
    };
    let exit_code = record.exit.as_ref().and_then(|exit| match exit {
        Exit::Code(code) => Some(*code),
        Exit::Signal(signal) => Some(128 + signal),
        Exit::Unknown(_) => None,
    });
    AttemptView {
        number: record.number,
        cluster: record.cluster.clone(),
        started_at,
        ended_at,
        exit_code,
        cause: record.cause.clone(),
    }
}

/// What a cluster used so far, ended and living processes together.
pub fn usage(record: &ClusterRecord, world: Option<&ClusterWorld>, tariff: &Tariff, now: Timestamp) -> UsageView {
    let here = world.filter(|_| !record.state.is_ended());
    let (micros, would_have_cost) = ledger::usage(record, &ledger::open(record, here.and_then(members), tariff, now));
    let dask = world.and_then(|world| world.dask.as_ref());
    let live_peak = dask.and_then(|dask| dask.workers.iter().map(|worker| worker.rss).max()).unwrap_or(0);
    UsageView {
        worker_seconds: micros as f64 / 1e6,
        workers_peak: record.workers_peak,
        peak_memory: Some(record.peak_memory.max(live_peak)),
        tasks_done: Some(record.tasks_done.max(dask.map_or(0, |dask| dask.done))),
        would_have_cost,
    }
}

/// What runs, where it can be seen.
fn members(world: &ClusterWorld) -> Option<&Members> {
    match &world.members {
        Observed::Known(members) => Some(members),
        Observed::Unknown(_) => None,
    }
}

/// What is told of a job before anything was used.
fn nothing() -> UsageView {
    UsageView { peak_memory: Some(0), tasks_done: Some(0), ..UsageView::default() }
}

/// What a job used of a cluster that others may use beside it: whose a task or a byte is, nobody says.
fn part(part: ledger::Part) -> UsageView {
    UsageView {
        worker_seconds: part.worker_micros as f64 / 1e6,
        workers_peak: part.workers_peak,
        peak_memory: None,
        tasks_done: None,
        would_have_cost: part.cost,
    }
}

fn add(a: UsageView, b: UsageView) -> UsageView {
    UsageView {
        worker_seconds: a.worker_seconds + b.worker_seconds,
        workers_peak: a.workers_peak.max(b.workers_peak),
        peak_memory: a.peak_memory.max(b.peak_memory),
        tasks_done: a.tasks_done.zip(b.tasks_done).map(|(a, b)| a + b),
        would_have_cost: a.would_have_cost + b.would_have_cost,
    }
}

/// A cluster.
pub fn cluster(
    record: &ClusterRecord,
    world: Option<&ClusterWorld>,
    reasons: Vec<Reason>,
    tariff: &Tariff,
    now: Timestamp,
) -> ClusterView {
    let (ended_at, cause) = match &record.state {
        ClusterState::Ended { at, why } => (Some(*at), why.cause.clone()),
        ClusterState::Stopping { why, .. } => (None, why.cause.clone()),
        _ => (None, None),
    };
    let scheduler = record.scheduler.as_ref();
    ClusterView {
        id: record.id.clone(),
        name: record.name.clone(),
        owner: record.owner.clone(),
        tags: record.tags.clone(),
        job: record.job.clone(),
        phase: cluster_phase(record),
        generation: record.generation,
        reasons,
        shape: record.shape.clone(),
        workers_wanted: record.workers_wanted,
        workers_desired: record.workers_desired,
        adapts: record.adapts(),
        slots: record.slots.iter().map(|(number, record)| slot(*number, record)).collect(),
        scheduler_pid: scheduler.and_then(|scheduler| pid(&scheduler.phase)),
        address: scheduler.and_then(|scheduler| scheduler.address.clone()),
        created_at: record.created_at,
        ready_at: record.ready_at,
        ended_at,
        cause,
        deaths: record.deaths.clone(),
        notices: record.notices.clone(),
        usage: usage(record, world, tariff, now),
        dask: world.and_then(|world| world.dask.clone()),
    }
}

/// A decision about a cluster's size.
pub fn decision(row: &DecisionRow) -> DecisionView {
    let word = |value| match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    };
    let fields = |value| match value {
        Ok(serde_json::Value::Object(fields)) => fields.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let policy = fields(serde_json::to_value(&row.policy)).into_iter();
    DecisionView {
        at: row.at,
        min: row.min,
        max: row.max,
        current: row.current,
        target: row.target,
        why: word(row.why),
        start_seconds: row.start_seconds,
        worker_hour: row.worker_hour,
        signals: fields(serde_json::to_value(&row.signals)),
        policy: policy.filter_map(|(name, value)| Some((name, value.as_f64()?))).collect(),
        memory: fields(serde_json::to_value(&row.memory)),
    }
}

fn cluster_phase(record: &ClusterRecord) -> ClusterPhase {
    match &record.state {
        ClusterState::Preparing { .. } => ClusterPhase::Environment,
        ClusterState::Starting { .. } => ClusterPhase::Starting,
        ClusterState::Running { .. } => ClusterPhase::Running,
        ClusterState::Stopping { .. } => ClusterPhase::Stopping,
        ClusterState::Ended { why, .. } if why.cause.is_some() => ClusterPhase::Failed,
        ClusterState::Ended { .. } => ClusterPhase::Stopped,
    }
}

fn pid(phase: &MemberPhase) -> Option<u32> {
    match phase {
        MemberPhase::Running { pid, .. } => Some(*pid),
        _ => None,
    }
}

fn slot(number: u32, record: &SlotRecord) -> SlotView {
    let (phase, started_at) = match (&record.phase, &record.retiring) {
        (MemberPhase::Waiting { .. }, _) => ("waiting", None),
        (MemberPhase::Intended { .. }, _) => ("starting", None),
        (MemberPhase::Running { started_at, .. }, Some(retiring)) => match retiring.why {
            Leaving::Surplus => ("draining", Some(*started_at)),
            Leaving::Preempted => ("preempted", Some(*started_at)),
        },
        (MemberPhase::Running { started_at, ready_at: None, .. }, None) => ("starting", Some(*started_at)),
        (MemberPhase::Running { started_at, .. }, None) => ("running", Some(*started_at)),
        (MemberPhase::Ended { .. }, _) => ("ended", None),
    };
    SlotView {
        slot: number,
        attempt: record.attempt,
        phase: phase.to_owned(),
        pid: pid(&record.phase),
        started_at,
        preemptible: record.preemptible,
        failures: record.failures,
        last_death: record.last_death.clone(),
    }
}
