//! Records and worlds for tests: plain ones, and arbitrary ones of which many could never come about.

use caddis_types::api::{ClusterChoice, Program, RetryWish};
use caddis_types::dask::{DaskSnapshot, TaskCounts, WorkerView};
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::{Cause, CauseCode, ClusterId, JobId, Timestamp};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::prices::Tariff;
use crate::profile::{self, Pool};
use crate::record::{
    AttemptPhase, AttemptRecord, Cancel, ClusterRecord, ClusterState, JobRecord, JobState, Leaving, MemberPhase, Outcome,
    Retirement, SchedulerRecord, SetupRecord, SlotRecord, StopCause, StopWhy,
};
use crate::world::{
    ClusterWorld, End, EnvironmentStatus, Exit, KilledBy, Member, MemberView, Members, Observed, ReadyFacts,
};

/// A moment of the tests.
pub(crate) const NOW: Timestamp = Timestamp(1_000_000_000_000);

/// Many cases, the same ones each time: a test that fails on one day in a hundred helps nobody.
pub(crate) fn cases() -> ProptestConfig {
    ProptestConfig { cases: 3000, failure_persistence: None, rng_seed: RngSeed::Fixed(20), ..ProptestConfig::default() }
}

/// Randomness of one case.
pub(crate) fn dice(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A cluster of so many workers, as it was asked for.
pub(crate) fn plain_cluster(min: u32, max: u32) -> ClusterRecord {
    let wish = ShapeWish { workers: Some(WorkerRange { min, max }), memory_bytes: Some(1 << 30), ..ShapeWish::default() };
    let (shape, _) = profile::fit(&wish, Pool { memory_bytes: 64 << 30, cpus: 8 }, &Tariff::default(), NOW).unwrap();
    let id = ClusterId::new(NOW, &mut dice(1));
    ClusterRecord { workers_wanted: min, ..ClusterRecord::new(id, "ann".into(), shape, NOW) }
}

/// A queued job.
pub(crate) fn plain_job() -> JobRecord {
    JobRecord {
        id: JobId::new(NOW, &mut dice(2)),
        generation: 1,
        owner: "ann".into(),
        name: None,
        tags: Default::default(),
        program: Program::Script("/home/ann/job.py".into()),
        args: Vec::new(),
        cwd: "/home/ann".into(),
        umask: Default::default(),
        bundle: None,
        environment: Default::default(),
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
        stages: Default::default(),
        attempts: Vec::new(),
        cancel: None,
        notices: Vec::new(),
        end_cause: None,
    }
}

/// A process that runs; `ready` or not.
pub(crate) fn runs(at: Timestamp, ready: bool) -> MemberView {
    let ready = ready.then(|| (at, ReadyFacts { address: Some("tls://127.0.0.1:1".into()), dashboard_port: None }));
    MemberView { pid: 7, started_at: at, ready, end: None, peak_rss: 0, lived: None }
}

/// A process that ended.
pub(crate) fn ended(at: Timestamp, exit: Exit) -> MemberView {
    let end = End { at, exit, killed_by: None, began: true, outcome: None, log_tail: String::new() };
    MemberView { end: Some(end), ..runs(at, true) }
}

/// A world that can be seen, with a usable environment.
pub(crate) fn seen(members: impl IntoIterator<Item = (Member, MemberView)>) -> ClusterWorld {
    let members = Observed::Known(members.into_iter().collect());
    ClusterWorld { members, environment: EnvironmentStatus::Ready, dask: None }
}

fn time(dice: &mut impl Rng) -> Timestamp {
    Timestamp(NOW.0 + dice.random_range(-100_000_000..5_000_000))
}

fn some<T>(dice: &mut ChaCha8Rng, make: impl FnOnce(&mut ChaCha8Rng) -> T) -> Option<T> {
    dice.random_bool(0.5).then(|| make(dice))
}

fn cause(dice: &mut ChaCha8Rng) -> Cause {
    Cause::new(CauseCode::ALL[dice.random_range(0..CauseCode::ALL.len())], "something happened")
}

fn why(dice: &mut ChaCha8Rng) -> StopWhy {
    StopWhy { sentence: "somebody stopped it".into(), cause: some(dice, cause), hurry: dice.random() }
}

fn member_phase(dice: &mut ChaCha8Rng) -> MemberPhase {
    match dice.random_range(0..4) {
        0 => MemberPhase::Waiting { not_before: time(dice) },
        1 => MemberPhase::Intended { at: time(dice) },
        2 => MemberPhase::Running { started_at: time(dice), pid: dice.random(), ready_at: some(dice, time) },
        _ => MemberPhase::Ended { at: time(dice) },
    }
}

fn leaving(dice: &mut ChaCha8Rng) -> Leaving {
    if dice.random_bool(0.3) { Leaving::Preempted } else { Leaving::Surplus }
}

fn slot(dice: &mut ChaCha8Rng) -> SlotRecord {
    SlotRecord {
        attempt: dice.random_range(1..4),
        phase: member_phase(dice),
        asked_at: None,
        failures: dice.random_range(0..8),
        last_death: some(dice, cause),
        preemptible: dice.random_bool(0.3),
        unheard_since: some(dice, time),
        retiring: if dice.random_bool(0.2) {
            Some(Retirement { since: time(dice), deadline: time(dice), asked_at: some(dice, time), asked_again_at: some(dice, time), why: leaving(dice) })
        } else {
            None
        },
    }
}

fn setup(dice: &mut ChaCha8Rng) -> SetupRecord {
    let (name, command) = ("gs://b/setup.sh".to_owned(), "/setup.sh".to_owned());
    let deadline_ms = dice.random_range(1..60_000);
    SetupRecord { name, command, deadline_ms, phase: member_phase(dice), failed: if dice.random_bool(0.1) { Some(cause(dice)) } else { None } }
}

/// Any cluster record; its state, its slots and its numbers need not fit together.
pub(crate) fn cluster(dice: &mut ChaCha8Rng, job: Option<&JobRecord>) -> ClusterRecord {
    let min = dice.random_range(0..5);
    let mut record = plain_cluster(min, min + dice.random_range(1..5));
    let since = time(dice);
    record.state = match dice.random_range(0..6) {
        0 => ClusterState::Preparing { since },
        1 => ClusterState::Starting { since },
        2 | 3 => ClusterState::Running { since },
        4 => {
            let (closing_at, purged_at) = (some(dice, time), some(dice, time));
            ClusterState::Stopping { since, why: why(dice), closing_at, purged_at }
        }
        _ => ClusterState::Ended { at: since, why: why(dice) },
    };
    record.job = job.map(|job| job.id.clone());
    record.workers_desired = dice.random_range(0..6);
    record.workers_wanted = dice.random_range(0..6);
    record.scheduler = some(dice, |dice| SchedulerRecord { phase: member_phase(dice), address: None, dashboard_port: None });
    record.slots = (0..6).filter_map(|number| some(dice, slot).map(|slot| (number, slot))).collect();
    record.next_slot = dice.random_range(0..8);
    record.setup = (0..dice.random_range(0..3)).map(|_| setup(dice)).collect();
    record.ready_at = some(dice, time);
    record.stop_wish = if dice.random_bool(0.1) { Some(why(dice)) } else { None };
    record.idle_timeout_ms = some(dice, |dice| dice.random_range(0..50_000));
    record.idle_since = some(dice, time);
    record.keep_until = some(dice, time);
    record.ends_at = if dice.random_bool(0.2) { Some(time(dice)) } else { None };
    record.scaling.memory.shrink_since = some(dice, time);
    record.scaling.fixed = dice.random_bool(0.2);
    record.scaling.swap = if dice.random_bool(0.1) { Some(dice.random_range(0..8)) } else { None };
    record.shape.on_demand = some(dice, |dice| dice.random_range(0..4));
    record.shape.preemptible_share = some(dice, |dice| dice.random_range(0.0..1.0));
    record.shape.preempt_rate = some(dice, |dice| dice.random_range(0.1..3600.0));
    record
}

/// Any job record whose newest attempt, if any, is on `cluster`.
pub(crate) fn job(dice: &mut ChaCha8Rng, cluster: &ClusterId) -> JobRecord {
    let mut record = plain_job();
    let since = time(dice);
    record.attempts = (1..=dice.random_range(0..4u32)).map(|number| attempt(dice, number, cluster)).collect();
    record.state = match dice.random_range(0..5) {
        0 => JobState::Queued { since, not_before: some(dice, time) },
        1 => JobState::Starting { since },
        2 | 3 => JobState::Running { since },
        _ => JobState::Ended { at: since, outcome: Outcome::Failed, exit_code: dice.random_range(0..4) },
    };
    record.retry = RetryWish { max: dice.random_range(0..4), ..RetryWish::default() };
    record.timeout_ms = some(dice, |dice| dice.random_range(1..60_000));
    record.keep_on_failure_ms = some(dice, |dice| dice.random_range(1..60_000));
    record.cancel = some(dice, |dice| Cancel { by: "ann".into(), at: time(dice), hurry: dice.random() });
    record
}

fn attempt(dice: &mut ChaCha8Rng, number: u32, cluster: &ClusterId) -> AttemptRecord {
    let at = time(dice);
    let phase = match dice.random_range(0..5) {
        0 => AttemptPhase::Assigned,
        1 => AttemptPhase::Intended { at },
        2 | 3 => {
            let stopping = some(dice, |dice| StopCause { since: at, cause: cause(dice), hurried: dice.random() });
            AttemptPhase::Running { started_at: at, pid: dice.random(), stopping }
        }
        _ => AttemptPhase::Ended { started_at: some(dice, time), at },
    };
    AttemptRecord { number, cluster: cluster.clone(), phase, exit: some(dice, exit), cause: some(dice, cause) }
}

fn exit(dice: &mut ChaCha8Rng) -> Exit {
    match dice.random_range(0..4) {
        0 => Exit::Code(0),
        1 => Exit::Code(dice.random_range(1..256)),
        2 => Exit::Signal(dice.random_range(1..30)),
        _ => Exit::Unknown("host rebooted".into()),
    }
}

fn view(dice: &mut ChaCha8Rng) -> MemberView {
    let killed_by = match dice.random_range(0..6) {
        0 => Some(KilledBy::Memory { rss: dice.random(), limit: dice.random() }),
        1 => Some(KilledBy::Stop { reason: "it did not get ready in time".into() }),
        2 => Some(KilledBy::Purge { reason: "its cluster ends".into() }),
        _ => None,
    };
    let end = some(dice, |dice| End {
        at: time(dice),
        exit: exit(dice),
        killed_by,
        began: dice.random(),
        outcome: None,
        log_tail: "ImportError: no".into(),
    });
    let at = time(dice);
    let lived = some(dice, |dice| std::time::Duration::from_millis(dice.random_range(0..90_000)));
    MemberView { end, started_at: at, lived, ..runs(at, dice.random()) }
}

/// Any world, of processes that the record names and of strangers.
pub(crate) fn world(dice: &mut ChaCha8Rng, jobs: &[JobRecord]) -> ClusterWorld {
    let mut members = Members::new();
    if dice.random_bool(0.7) {
        members.insert(Member::Scheduler, view(dice));
    }
    for slot in 0..7 {
        for attempt in 1..4 {
            if dice.random_bool(0.3) {
                members.insert(Member::Worker { slot, attempt }, view(dice));
            }
        }
    }
    for step in 0..3 {
        if dice.random_bool(0.3) {
            members.insert(Member::Setup { step }, view(dice));
        }
    }
    for job in jobs {
        if dice.random_bool(0.6) {
            let attempt = job.attempts.len().max(1) as u32;
            members.insert(Member::Job { job: job.id.clone(), attempt }, view(dice));
        }
    }
    let environment = match dice.random_range(0..4) {
        0 => EnvironmentStatus::Absent,
        1 => EnvironmentStatus::Building("numpy".into()),
        2 => EnvironmentStatus::Failed(cause(dice)),
        _ => EnvironmentStatus::Ready,
    };
    let unseen = dice.random_bool(0.15);
    let members = if unseen { Observed::Unknown("the keeper is away".into()) } else { Observed::Known(members) };
    ClusterWorld { members, environment, dask: some(dice, dask) }
}

fn dask(dice: &mut ChaCha8Rng) -> DaskSnapshot {
    let mut small = || dice.random_range(0..20u64);
    let tasks = TaskCounts { processing: small(), queued: small(), waiting: small(), ..TaskCounts::default() };
    let (runnable, data_bytes) = (small(), small());
    let name = |slot, attempt| Member::Worker { slot, attempt }.to_string();
    let names = (0..6).flat_map(|slot| (1..4).map(move |attempt| (slot, attempt)));
    let mut workers = Vec::new();
    for (slot, attempt) in names {
        let keys = dice.random_range(0..3);
        workers.extend(some(dice, |_| WorkerView { name: name(slot, attempt), keys, ..WorkerView::default() }));
    }
    DaskSnapshot {
        workers,
        tasks,
        runnable,
        data_bytes,
        target: dice.random_range(0..12),
        threads: dice.random_range(0..8),
        clients: dice.random_range(0..2),
        ..DaskSnapshot::default()
    }
}
