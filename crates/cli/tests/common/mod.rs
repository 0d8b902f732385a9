//! What the tests of the real binary share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod asking;
pub mod chromium;
pub mod google;
pub mod ledger;
pub mod network;
pub mod records;
pub mod space;
pub mod stranger;
pub mod watch;

use caddis_testkit::{Run, World};
use serde_json::Value;

/// A pool that has room for one worker of this shape, which a job named `first` holds until it is cancelled.
#[track_caller]
pub fn taken_pool() -> (World, [&'static str; 4]) {
    let world = world();
    std::fs::write(world.home().join("caddis.toml"), "[pool]\nmemory = \"1GiB\"\n").unwrap();
    let shape = ["--workers", "1", "--memory", "700MiB"];
    let waits = world.file("waits.py", "import threading\nthreading.Event().wait()\n").display().to_string();
    world.run(&[&["run", "--detach", "--name", "first"], &shape[..], &[&waits]].concat()).expect(0);
    world.wait_job("RUNNING");
    (world, shape)
}

/// The binary under test.
pub const CADDIS: &str = env!("CARGO_BIN_EXE_caddis");

/// A world with Dask.
pub fn world() -> World {
    World::new(CADDIS)
}

/// Runs a script on one worker and answers its job.
#[track_caller]
pub fn job_of(world: &World, script: &str, options: &[&str]) -> (Run, Value) {
    let path = world.file("job.py", script);
    let path = path.display().to_string();
    let mut arguments = vec!["run", "-o", "json", "--workers", "1", "--threads", "1"];
    arguments.extend(options);
    arguments.push(&path);
    let run = world.run(&arguments);
    let job = run.json();
    (run, job)
}
