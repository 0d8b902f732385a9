//! Records for tests: small ones by number, and full ones that have something in every field.

use std::collections::BTreeMap;

use caddis_core::autoscale::{Memory, Policy, Signals, Why};
use caddis_core::record::{
    AttemptPhase, AttemptRecord, ClusterRecord, ClusterState, DecisionRow, Fact, JobRecord, JobState, Learned, LedgerKind,
    LedgerLine, MemberPhase, NewEvent, Outcome, SchedulerRecord, SlotRecord, StopWhy, Took,
};
use caddis_engine::ports::DocumentWrite;
use caddis_types::api::{ClusterChoice, EnvironmentWish, Program, RetryWish};
use caddis_types::shape::{ClusterShape, MemoryThresholds};
use caddis_types::{ClusterId, JobId, NanoDollars, Timestamp};

/// The job id of a number; greater numbers are newer.
pub(crate) fn job_id(number: u64) -> JobId {
    format!("job_{number:016}").parse().expect("digits are an id")
}

/// A new document of a face.
pub(crate) fn document(key: &str) -> DocumentWrite {
    let (kind, body) = ("face.thing".to_owned(), Some("{}".to_owned()));
    DocumentWrite { kind, key: key.to_owned(), generation: 0, about: None, body }
}

/// The cluster id of a number.
pub(crate) fn cluster_id(number: u64) -> ClusterId {
    format!("cl_{number:016}").parse().expect("digits are an id")
}

/// A decision of a cluster at a second.
pub(crate) fn decision(number: u64, second: u64) -> DecisionRow {
    DecisionRow {
        cluster: cluster_id(number),
        at: at(second),
        min: 0,
        max: 10,
        current: 1,
        target: 2,
        why: Why::Backlog,
        signals: Signals { at: at(second), processing: second, occupancy: 0.5, ..Signals::default() },
        start_seconds: 0.25,
        worker_hour: NanoDollars(234_236_000),
        policy: Policy::default(),
        memory: Memory { grew_at: Some(Timestamp(3)), ..Memory::default() },
    }
}

/// Something that was learned at a second.
pub(crate) fn learned(key: &str, second: u64) -> Learned {
    let fact = match second % 2 {
        0 => Fact::StartSeconds(second as f64),
        _ => Fact::Durations(BTreeMap::from([("inc".to_owned(), Took { mean: second as f64, longest: 9.0 })])),
    };
    Learned { key: key.to_owned(), at: at(second), fact }
}

/// A job that waits, of `ada`.
pub(crate) fn job(number: u64) -> JobRecord {
    JobRecord {
        id: job_id(number),
        generation: 0,
        owner: "ada".to_owned(),
        name: None,
        tags: BTreeMap::from([("team".to_owned(), "risk".to_owned())]),
        program: Program::Script(format!("/srv/jobs/{number}.py")),
        args: vec!["--year".to_owned(), "2013".to_owned()],
        cwd: "/srv/jobs".to_owned(),
        umask: Default::default(),
        bundle: None,
        environment: EnvironmentWish::default(),
        cluster: ClusterChoice::default(),
        retry: RetryWish::default(),
        timeout_ms: None,
        keep_on_failure_ms: None,
        max_cost: None,
        spent: Default::default(),
        in_vain_since: None,
        stdin: false,
        submitted_at: at(number),
        state: JobState::Queued { since: at(number), not_before: None },
        stages: BTreeMap::from([("queued".to_owned(), at(number))]),
        attempts: Vec::new(),
        cancel: None,
        notices: Vec::new(),
        end_cause: None,
    }
}

/// The same job with a name.
pub(crate) fn named(number: u64, name: &str) -> JobRecord {
    JobRecord { name: Some(name.to_owned()), ..job(number) }
}

/// Ends a job at a second.
pub(crate) fn ended(mut job: JobRecord, second: u64) -> JobRecord {
    job.state = JobState::Ended { at: at(second), outcome: Outcome::Succeeded, exit_code: 0 };
    job
}

/// Gives a job another attempt, on a cluster.
pub(crate) fn on_cluster(mut job: JobRecord, cluster: u64) -> JobRecord {
    let number = job.attempts.len() as u32 + 1;
    let phase = AttemptPhase::Assigned;
    job.attempts.push(AttemptRecord { number, cluster: cluster_id(cluster), phase, exit: None, cause: None });
    job
}

/// How clusters are built here.
pub(crate) fn shape() -> ClusterShape {
    ClusterShape {
        profile: "standard".to_owned(),
        workers_min: 2,
        workers_max: 10,
        threads: 3,
        memory_bytes: 14_000_000_000,
        thresholds: MemoryThresholds::MISSION,
        work_stealing: true,
        worker_saturation: None,
        dashboard: true,
        on_demand: Some(2),
        preemptible_share: None,
        preempt_rate: None,
        nanny: false,
        machine_type: "n2-standard-4".to_owned(),
        scheduler_machine_type: "n2-standard-4".to_owned(),
        worker_price_hour: NanoDollars(194_236_000),
        preemptible_price_hour: NanoDollars(78_847_200),
        scheduler_price_hour: NanoDollars(194_236_000),
    }
}

/// A cluster that serves with ten workers, of `ada`.
pub(crate) fn cluster(number: u64) -> ClusterRecord {
    let running = |pid| MemberPhase::Running { started_at: at(number), pid, ready_at: Some(at(number + 1)) };
    let slot = |n| SlotRecord { attempt: 1, phase: running(4000 + n), asked_at: None, failures: 0, last_death: None, preemptible: false, unheard_since: None, retiring: None };
    ClusterRecord {
        state: ClusterState::Running { since: at(number) },
        scheduler: Some(SchedulerRecord {
            phase: running(4000),
            address: Some("tls://127.0.0.1:43211".to_owned()),
            dashboard_port: Some(43212),
        }),
        slots: (1..=10).map(|n| (n, slot(n))).collect(),
        cwd: "/srv/jobs".to_owned(),
        ..ClusterRecord::new(cluster_id(number), "ada".to_owned(), shape(), at(number))
    }
}

/// The same cluster with a name.
pub(crate) fn named_cluster(number: u64, name: &str) -> ClusterRecord {
    ClusterRecord { name: Some(name.to_owned()), ..cluster(number) }
}

/// A cluster made for a job.
pub(crate) fn cluster_for(number: u64, job: u64) -> ClusterRecord {
    ClusterRecord { job: Some(job_id(job)), ..cluster(number) }
}

/// Ends a cluster at a second.
pub(crate) fn ended_cluster(mut cluster: ClusterRecord, second: u64) -> ClusterRecord {
    cluster.state = ClusterState::Ended { at: at(second), why: StopWhy::orderly("its job ended") };
    cluster
}

/// A ledger line of a cluster's member.
pub(crate) fn line(cluster: u64, member: &str) -> LedgerLine {
    LedgerLine {
        key: format!("{}/{member}", cluster_id(cluster)),
        owner: "ada".to_owned(),
        cluster: cluster_id(cluster),
        job: None,
        shared: Vec::new(),
        tags: BTreeMap::new(),
        profile: "standard".to_owned(),
        machine: "n2-standard-4".to_owned(),
        kind: LedgerKind::Worker,
        preemptible: false,
        idle: false,
        started_at: at(cluster),
        ended_at: at(cluster + 60),
        price_hour: NanoDollars(194_236_000),
        minimum_micros: 0,
        cost: NanoDollars(3_237_267),
    }
}

/// An event about a subject.
pub(crate) fn event(subject: &str, kind: &str) -> NewEvent {
    NewEvent::new(at(7), subject, kind, format!("{kind} of {subject}"))
}

/// Environment variables.
pub(crate) fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A second.
pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp(second as i64 * 1_000_000)
}
