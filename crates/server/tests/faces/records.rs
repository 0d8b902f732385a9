//! Rows as the loop would have left them.

use std::collections::BTreeMap;

use caddis_core::prices::Tariff;
use caddis_core::profile::{Pool, fit};
use caddis_core::record::{
    AttemptPhase, AttemptRecord, ClusterRecord, ClusterState, JobRecord, JobState, MemberPhase, Outcome,
    SchedulerRecord,
};
use caddis_engine::ports::Entropy;
use caddis_server::SystemEntropy;
use caddis_types::api::{ClusterChoice, EnvironmentWish, Program, RetryWish};
use caddis_types::bytes::GIB;
use caddis_types::shape::ShapeWish;
use caddis_types::{ClusterId, JobId, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

fn rng() -> StdRng {
    StdRng::from_seed(SystemEntropy.seed())
}

/// A job that waits.
pub(crate) fn job(owner: &str) -> JobRecord {
    JobRecord {
        id: JobId::new(NOW, &mut rng()),
        generation: 0,
        owner: owner.to_owned(),
        name: None,
        tags: BTreeMap::new(),
        program: Program::Script("/job.py".into()),
        args: Vec::new(),
        cwd: "/".into(),
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
        submitted_at: NOW,
        state: JobState::Queued { since: NOW, not_before: None },
        stages: BTreeMap::new(),
        attempts: Vec::new(),
        cancel: None,
        notices: Vec::new(),
        end_cause: None,
    }
}

/// Gives a job its next attempt, that runs.
pub(crate) fn run(job: &mut JobRecord) {
    let number = job.attempts.len() as u32 + 1;
    let cluster = ClusterId::new(NOW, &mut rng());
    let phase = AttemptPhase::Running { started_at: NOW, pid: 1, stopping: None };
    job.attempts.push(AttemptRecord { number, cluster, phase, exit: None, cause: None });
    job.state = JobState::Running { since: NOW };
}

/// Ends a job's newest attempt.
pub(crate) fn end_attempt(job: &mut JobRecord) {
    if let Some(attempt) = job.attempts.last_mut() {
        attempt.phase = AttemptPhase::Ended { started_at: Some(NOW), at: NOW };
    }
}

/// Ends a job and its newest attempt.
pub(crate) fn end(job: &mut JobRecord) {
    end_attempt(job);
    job.state = JobState::Ended { at: NOW, outcome: Outcome::Succeeded, exit_code: 0 };
}

/// A cluster that serves, with a dashboard on this port.
pub(crate) fn cluster(owner: &str, dashboard_port: Option<u16>) -> ClusterRecord {
    let (shape, _) = fit(&ShapeWish::default(), Pool { memory_bytes: 16 * GIB, cpus: 4 }, &Tariff::default(), NOW).unwrap();
    ClusterRecord {
        state: ClusterState::Running { since: NOW },
        ready_at: Some(NOW),
        scheduler: Some(SchedulerRecord {
            phase: MemberPhase::Running { started_at: NOW, pid: 1, ready_at: Some(NOW) },
            address: Some("tls://127.0.0.1:1".into()),
            dashboard_port,
        }),
        ..ClusterRecord::new(ClusterId::new(NOW, &mut rng()), owner.to_owned(), shape, NOW)
    }
}
