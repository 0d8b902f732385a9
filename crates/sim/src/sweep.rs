//! Every single fault: one scenario, its calls counted, then run again with one fault at each of them. No luck needed.

use std::collections::BTreeMap;

use caddis_types::api::{ClusterChoice, ClusterWish, JobWish, Program, RetryWish};
use caddis_types::bytes::GIB;
use caddis_types::shape::{ShapeWish, WorkerRange};

use crate::Options;
use crate::chaos::Single;
use crate::hub::SECOND;
use crate::run::{self, Failure};
use crate::users::Act;
use crate::world::Script;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Calls of the scenario without a fault.
    pub calls: u64,
    /// Runs with one fault.
    pub runs: u64,
    /// Faults that no call heeded, so that their runs tried nothing.
    pub unheeded: Vec<(u64, Single)>,
    /// Those that failed.
    pub failures: Vec<(u64, Single, Box<Failure>)>,
}

/// Runs the scenario with each kind of fault at every `step`th call.
pub fn sweep(step: u64) -> Swept {
    let options = Options::calm(1);
    let calls = match run::scripted(&options, scenario(), None, false) {
        Ok(outcome) => outcome.calls,
        Err(failure) => return Swept { failures: vec![(0, Single::CrashBefore, failure)], ..Swept::default() },
    };
    let mut swept = Swept { calls, ..Swept::default() };
    for at in (1..=calls).step_by(step.max(1) as usize) {
        for single in Single::ALL {
            swept.runs += 1;
            match run::scripted(&options, scenario(), Some((at, single)), false) {
                Ok(outcome) if !outcome.struck => swept.unheeded.push((at, single)),
                Ok(_) => {}
                Err(failure) => swept.failures.push((at, single, failure)),
            }
        }
    }
    swept
}

/// Submit, run, scale, work, cancel, a named cluster with two jobs, a failure with a retry, stop.
pub fn scenario() -> Vec<(i64, Act)> {
    let ann = || "ann".to_owned();
    let submit = |cluster, script: Script, retries| Act::Submit(ann(), Box::new(job(cluster, &script, retries)));
    let named = || ClusterChoice::Existing("etl".into());
    let fresh = || ClusterChoice::Fresh(shape(1, 2));
    vec![
        (SECOND, submit(fresh(), lasts(4000, 3), 0)),
        (2 * SECOND, Act::Create(ann(), Box::new(cluster("etl")))),
        (6 * SECOND, Act::Scale(ann(), "etl".into(), 3)),
        (14 * SECOND, submit(named(), lasts(5000, 0), 0)),
        (15 * SECOND, submit(named(), lasts(60_000, 0), 0)),
        (16 * SECOND, Act::Load(8, 4000)),
        (24 * SECOND, Act::Cancel(ann(), "latest".into(), false)),
        (30 * SECOND, submit(fresh(), Script { bad_attempts: 1, ..lasts(500, 2) }, 1)),
        (45 * SECOND, Act::Scale(ann(), "etl".into(), 1)),
        (60 * SECOND, Act::Stop(ann(), "etl".into())),
    ]
}

fn lasts(ms: u64, code: i32) -> Script {
    Script { runs_ms: Some(ms), code, bad_attempts: 0, signal: None, tidy: false }
}

fn shape(min: u32, max: u32) -> ShapeWish {
    ShapeWish { workers: Some(WorkerRange { min, max }), memory_bytes: Some(GIB), ..ShapeWish::default() }
}

fn cluster(name: &str) -> ClusterWish {
    ClusterWish { name: Some(name.into()), shape: shape(1, 2), idle_timeout_ms: Some(0), ..ClusterWish::default() }
}

fn job(cluster: ClusterChoice, script: &Script, retries: u32) -> JobWish {
    JobWish {
        request_key: None,
        program: Program::Script("/home/ann/job.py".into()),
        args: script.args(),
        cwd: "/home/ann".into(),
        umask: Default::default(),
        variables: BTreeMap::new(),
        name: None,
        tags: BTreeMap::new(),
        environment: Default::default(),
        cluster,
        retry: RetryWish { max: retries, delay_ms: 500, ..RetryWish::default() },
        timeout_ms: None,
        keep_on_failure_ms: None,
        max_cost: None,
        stdin: false,
    }
}
