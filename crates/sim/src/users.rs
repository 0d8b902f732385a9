//! Users: they submit, repeat what was not answered, cancel, scale, stop, and change their minds.

use std::collections::BTreeMap;

use caddis_core::record::ClusterState;
use caddis_engine::Engine;
use caddis_engine::calls::{CallErrorKind, Caller};
use caddis_types::JobId;
use caddis_types::api::{ClusterChoice, ClusterWish, JobWish, Program, RetryWish, SetupWish};
use caddis_types::bytes::GIB;
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::NanoDollars;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::hub::{Hub, SECOND, State};
use crate::world::Script;

const NAMES: [&str; 3] = ["etl", "lab", "nightly"];
const OWNERS: [&str; 2] = ["ann", "bob"];

/// What users know and remember.
#[derive(Debug, Default)]
pub struct Users {
    /// Jobs that were answered, with their owners.
    pub jobs: Vec<(String, JobId)>,
    /// Submissions without an answer yet.
    pub unanswered: Vec<(String, JobWish)>,
    /// The job of each request key.
    pub answers: BTreeMap<String, JobId>,
    /// How many submissions there were.
    pub submissions: u64,
}

/// One thing that a user does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Submits a job.
    Submit(String, Box<JobWish>),
    /// Makes a named cluster.
    Create(String, Box<ClusterWish>),
    /// Cancels a job.
    Cancel(String, String, bool),
    /// Scales a cluster.
    Scale(String, String, u32),
    /// Lets the load scale it, within another range or its own.
    Adapt(String, String, Option<WorkerRange>),
    /// Stops a cluster.
    Stop(String, String),
    /// Submits an ended job again.
    Repeat(String, String),
    /// Puts tasks on a cluster for so many milliseconds.
    Load(u32, u64),
}

fn pick<'a>(rng: &mut ChaCha8Rng, from: &[&'a str]) -> &'a str {
    from[rng.random_range(0..from.len())]
}

/// What somebody does next.
pub fn next(state: &mut State) -> Act {
    let dice = state.chaos.rng.random_range(0..100);
    let owner = pick(&mut state.chaos.rng, &OWNERS).to_owned();
    let name = pick(&mut state.chaos.rng, &NAMES).to_owned();
    if dice < 15 && !state.users.unanswered.is_empty() {
        let (owner, wish) = state.users.unanswered.remove(0);
        return Act::Submit(owner, Box::new(wish));
    }
    match dice {
        0..45 => Act::Submit(owner, Box::new(job(state))),
        45..55 => Act::Create(owner, Box::new(cluster(state, name))),
        55..72 if !state.users.jobs.is_empty() => {
            let at = state.users.jobs.len() - 1 - state.chaos.rng.random_range(0..state.users.jobs.len().min(6));
            let (owner, job) = state.users.jobs[at].clone();
            Act::Cancel(owner, job.to_string(), state.chaos.rng.random_bool(0.3))
        }
        72..77 => Act::Scale(owner, name, state.chaos.rng.random_range(0..5)),
        77..80 => Act::Adapt(owner, name, state.chaos.rng.random_bool(0.7).then(|| range(&mut state.chaos.rng))),
        80..86 => Act::Stop(owner, name),
        86..90 if !state.users.jobs.is_empty() => {
            let at = state.chaos.rng.random_range(0..state.users.jobs.len());
            let (owner, job) = state.users.jobs[at].clone();
            Act::Repeat(owner, job.to_string())
        }
        _ => Act::Load(state.chaos.rng.random_range(1..12), state.chaos.rng.random_range(100..30_000)),
    }
}

fn range(rng: &mut ChaCha8Rng) -> WorkerRange {
    let min = rng.random_range(0..4);
    WorkerRange { min, max: rng.random_range(min.max(1)..6) }
}

fn shape(rng: &mut ChaCha8Rng) -> ShapeWish {
    ShapeWish {
        workers: Some(range(rng)),
        memory_bytes: Some(GIB),
        on_demand: Some(rng.random_range(0..4)),
        preemptible_share: rng.random_bool(0.3).then(|| rng.random_range(0.0..1.0)),
        preempt_rate: rng.random_bool(0.3).then(|| rng.random_range(10.0..400.0)),
        ..ShapeWish::default()
    }
}

fn script(rng: &mut ChaCha8Rng) -> Script {
    let kind = rng.random_range(0..10);
    Script {
        runs_ms: if kind == 0 { None } else { Some(rng.random_range(5..20_000)) },
        code: if kind < 6 { 0 } else { rng.random_range(1..4) },
        bad_attempts: if kind == 8 { rng.random_range(1..3) } else { 0 },
        signal: if kind == 9 { Some(if rng.random_bool(0.5) { 9 } else { 11 }) } else { None },
        tidy: rng.random_bool(0.2),
    }
}

fn job(state: &mut State) -> JobWish {
    state.users.submissions += 1;
    let number = state.users.submissions;
    let rng = &mut state.chaos.rng;
    let cluster = match rng.random_bool(0.35) {
        true => ClusterChoice::Existing(pick(rng, &NAMES).to_owned()),
        false => ClusterChoice::Fresh(shape(rng)),
    };
    let max_cost = max_cost(state.options.seed ^ number, &cluster);
    let rng = &mut state.chaos.rng;
    let retries = if rng.random_bool(0.4) { rng.random_range(1..4) } else { 0 };
    JobWish {
        request_key: rng.random_bool(0.7).then(|| format!("request-{number}")),
        program: Program::Script("/home/ann/job.py".into()),
        args: script(rng).args(),
        cwd: "/home/ann".into(),
        umask: Default::default(),
        variables: BTreeMap::new(),
        name: None,
        tags: BTreeMap::new(),
        environment: Default::default(),
        cluster,
        retry: RetryWish {
            max: retries,
            on_exit: if rng.random_bool(0.2) { vec![1, 2] } else { Vec::new() },
            delay_ms: rng.random_range(10..3000),
            per_hour: None,
        },
        timeout_ms: rng.random_bool(0.3).then(|| rng.random_range(100..30_000)),
        keep_on_failure_ms: rng.random_bool(0.2).then(|| rng.random_range(100..20_000)),
        max_cost,
        stdin: false,
    }
}

fn setup(rng: &mut ChaCha8Rng) -> SetupWish {
    let deadline_ms = rng.random_range(1000..20_000);
    SetupWish { name: "setup.sh".to_owned(), command: "/home/ann/setup.sh".to_owned(), deadline_ms }
}

/// Some jobs have a limit, of one to four times what they cost at least; with dice of their own.
fn max_cost(seed: u64, cluster: &ClusterChoice) -> Option<NanoDollars> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed ^ 0x0c05_7157);
    let ClusterChoice::Fresh(wish) = cluster else { return None };
    let workers = wish.workers.map_or(2, |range| range.min);
    let minute = 234_236_000 / 60 * i64::from(workers + 1);
    let limit = NanoDollars(minute * dice.random_range(11..40) / 10);
    dice.random_bool(0.15).then_some(limit)
}

fn cluster(state: &mut State, name: String) -> ClusterWish {
    let rng = &mut state.chaos.rng;
    let idle = if rng.random_bool(0.5) { rng.random_range(500..60_000) } else { 0 };
    let setup = (0..if rng.random_bool(0.3) { rng.random_range(1..3) } else { 0 }).map(|_| setup(rng)).collect();
    ClusterWish { name: Some(name), shape: shape(rng), idle_timeout_ms: Some(idle), setup, ..ClusterWish::default() }
}

/// Does it, as a client of the living server.
pub async fn perform(engine: Engine, act: Act, hub: std::sync::Arc<Hub>) {
    hub.lock().note(|| format!("user {act:?}"));
    let caller = |owner: String| Caller { owner };
    match act {
        Act::Submit(owner, wish) => submit(engine, owner, *wish, &hub).await,
        Act::Create(owner, wish) => drop(engine.create_cluster(&caller(owner), *wish).await),
        Act::Cancel(owner, job, hurry) => drop(engine.cancel_job(&caller(owner), &job, hurry).await),
        Act::Scale(owner, name, workers) => drop(engine.scale_cluster(&caller(owner), &name, workers).await),
        Act::Adapt(owner, name, range) => drop(engine.adapt_cluster(&caller(owner), &name, range).await),
        Act::Stop(owner, name) => drop(engine.stop_cluster(&caller(owner), &name).await),
        Act::Repeat(owner, job) => {
            if let Ok(job) = engine.repeat_job(&caller(owner.clone()), &job).await {
                hub.lock().users.jobs.push((owner, job.id));
            }
        }
        Act::Load(tasks, ms) => load(&mut hub.lock(), tasks, ms),
    }
}

async fn submit(engine: Engine, owner: String, wish: JobWish, hub: &Hub) {
    // Whoever is cut off by a crash repeats it; so it is noted before.
    if wish.request_key.is_some() {
        hub.lock().users.unanswered.push((owner.clone(), wish.clone()));
    }
    let answer = engine.submit_job(&Caller { owner: owner.clone() }, wish.clone()).await;
    let mut state = hub.lock();
    let refused = matches!(&answer, Err(error) if error.kind != CallErrorKind::Unavailable);
    if answer.is_ok() || refused {
        state.users.unanswered.retain(|(_, other)| other.request_key != wish.request_key);
    }
    let Ok(job) = answer else { return };
    if let Some(key) = wish.request_key {
        let first = state.users.answers.entry(key.clone()).or_insert_with(|| job.id.clone()).clone();
        if first != job.id {
            state.violate(format!("request `{key}` made {first} and {}", job.id));
        }
    }
    state.users.jobs.push((owner, job.id));
}

fn load(state: &mut State, tasks: u32, ms: u64) {
    let until = state.t + ms as i64 * SECOND / 1000;
    let serving = |id: &caddis_types::ClusterId| {
        state.book.clusters.get(id).is_some_and(|c| matches!(c.state, ClusterState::Running { .. }))
    };
    let ids: Vec<_> = state.world.sites.keys().filter(|id| serving(id)).cloned().collect();
    for id in ids {
        state.world.site(&id).load = (tasks, until);
        // Somebody wants the results for much longer than the work takes.
        crate::world::schedulers::compute(state, &id, until + 4 * ms as i64 * SECOND / 1000);
        crate::world::wake(state, caddis_engine::Key::Cluster(id));
    }
}
