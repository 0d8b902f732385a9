//! kill -9 at seeded moments: of the server, the keeper and the fork server, in every stage of a job's life.
//!
//! After each the same is checked, from outside: the job ended with its own exit code, its script was reached exactly
//! once an attempt (from a file that it appends to), nothing of it is left in the process table, and the ledger has
//! exactly one line a process, for the time in which the process table had it.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use caddis_testkit::{Process, World, wait_for};
use common::watch::Watch;
use common::ledger::lines;
use common::{CADDIS, world};
use rustix::process::Signal;
use serde_json::Value;

/// Kills in each stage: one for a newcomer, at least eight in CI.
fn kills() -> u64 {
    std::env::var("CADDIS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// A number below `below`, from a seed (SplitMix64).
fn pick(seed: u64, salt: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below
}

/// Lets a seeded time pass: the moment of the kill, not a wait for something.
fn pass(span: Duration) {
    let until = Instant::now() + span;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// A small package that nothing else needs, so that an environment is built.
const HEADER: &str = "# /// script\n# dependencies = [\"iniconfig\"]\n# ///\nimport iniconfig\n";

/// The script: one line an attempt into a file, some tasks, then its own exit code.
fn script(world: &World) -> String {
    let text = "import os, sys\n\
        from dask.distributed import Client\n\
        with open('effects', 'a') as f: f.write('x\\n')\n\
        client = Client()\n\
        def work(i):\n    import threading\n    threading.Event().wait(0.02)\n    return i\n\
        total = sum(client.gather(client.map(work, range(30))))\n\
        sys.exit(7 if total == 435 else 1)\n";
    world.file("job.py", text).display().to_string()
}

fn victim(world: &World, seed: u64) -> Option<Process> {
    match seed % 3 {
        0 => world.server(),
        1 => world.keeper(),
        _ => world.fork_servers().into_iter().next(),
    }
}

fn kill(world: &World, seed: u64) {
    if let Some(process) = victim(world, seed) {
        process.kill(Signal::KILL);
    }
}

fn submit(world: &World, options: &[&str]) {
    let script = script(world);
    let mut arguments = vec!["run", "--detach"];
    arguments.extend(options);
    arguments.push(&script);
    world.run(&arguments).expect(0);
}

fn ended(world: &World) -> Value {
    wait_for("the end of the job", || {
        let run = world.run(&["job", "show", "-o", "json"]);
        let job = (run.code() == 0).then(|| run.json())?;
        matches!(job["phase"].as_str()?, "SUCCEEDED" | "FAILED" | "CANCELLED").then_some(job)
    })
}

/// Everything that must hold whatever was killed.
fn check(world: &World, watch: Watch, job: &Value) {
    effects(world, job);
    world.assert_nothing_left();
    let job = world.run(&["job", "show", "-o", "json", job["id"].as_str().unwrap()]).expect(0).json();
    let clusters: BTreeSet<&str> = job["attempts"].as_array().unwrap().iter().filter_map(|a| a["cluster"].as_str()).collect();
    ledger(world, watch, &clusters, &job["usage"]);
}

/// The script was reached once, and its own exit code came through.
fn effects(world: &World, job: &Value) {
    assert_eq!((&job["phase"], &job["exit_code"]), (&"FAILED".into(), &7.into()), "{job:#}");
    let began = job["attempts"].as_array().unwrap().iter().filter(|a| !a["started_at"].is_null()).count();
    let effects = std::fs::read_to_string(world.work().join("effects")).unwrap_or_default();
    assert_eq!((effects.lines().count(), began), (1, 1), "one attempt, one effect: {job:#}");
}

/// Lines for each scheduler and worker that was in the process table, and for nothing that left no log; together as long
/// as it was there; and all of them what is told of the clusters.
fn ledger(world: &World, watch: Watch, clusters: &BTreeSet<&str>, usage: &Value) {
    let own = |key: &str| key.split_once('/').is_some_and(|(cluster, name)| clusters.contains(cluster) && !name.starts_with("job_"));
    let lines: Vec<_> = lines(world).into_iter().filter(|(key, _)| own(key)).collect();
    let seen: Vec<_> = watch.end().into_iter().filter(|one| own(&one.key)).collect();
    let mut spans: BTreeMap<String, i64> = BTreeMap::new();
    for (key, line) in &lines {
        let span = line["ended_at"].as_i64().unwrap() - line["started_at"].as_i64().unwrap();
        assert!(span >= 0, "{key}: {line}");
        // The second and later intervals of a process have a number behind its name.
        *spans.entry(key.split('#').next().unwrap().to_owned()).or_default() += span;
    }
    let keys: BTreeSet<&str> = spans.keys().map(String::as_str).collect();
    assert!(seen.iter().any(|one| !one.lived().is_zero()), "somebody was seen: {seen:?}");
    let unpaid: Vec<_> = seen.iter().filter(|one| !keys.contains(one.key.as_str())).collect();
    assert!(unpaid.is_empty(), "they ran and have no line: {unpaid:?}; the lines: {keys:?}");
    assert!(keys.iter().any(|key| key.ends_with("/scheduler.1")) && keys.len() > 1, "{keys:?}");
    let mut worker_micros = 0;
    for (key, span) in &spans {
        let log = world.home().join("logs").join(format!("{key}.log"));
        assert!(log.exists(), "`{key}` has a line, and `{}` is not there", log.display());
        if let Some(one) = seen.iter().find(|one| &one.key == key) {
            let least = one.lived().saturating_sub(Watch::SLACK).as_micros() as i64;
            assert!(*span >= least, "`{key}` was there for {least} µs at least: {lines:#?}");
        }
        if !key.ends_with("/scheduler.1") {
            worker_micros += span;
        }
    }
    let told = usage["worker_seconds"].as_f64().unwrap();
    let counted = worker_micros as f64 / 1e6;
    assert!((counted - told).abs() < 0.001 && counted > 0.0, "counted {counted} s, told {told} s: {lines:#?}");
}

fn each(stage: &str, one: impl Fn(u64)) {
    let first: u64 = std::env::var("CADDIS_KILL_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + kills() {
        eprintln!("stage {stage}, seed {seed}: replay with CADDIS_KILL_SEED={seed}");
        one(seed);
    }
}

#[test]
fn while_a_job_is_submitted() {
    each("submit", |seed| {
        let world = world();
        let watch = Watch::begin(&world);
        let script = script(&world);
        world.run(&["cluster", "list"]).expect(0);
        let arguments = ["run", "--detach", "--workers", "1", "--threads", "1", &script];
        let mut child = world.spawn(&arguments);
        pass(Duration::from_micros(pick(seed, 1, 40_000)));
        kill(&world, seed);
        assert!(child.wait().unwrap().success(), "submitted, whatever was killed");
        check(&world, watch, &ended(&world));
    });
}

#[test]
fn while_its_environment_is_built() {
    each("environment", |seed| {
        let world = World::building(CADDIS);
        let watch = Watch::begin(&world);
        let body = std::fs::read_to_string(script(&world)).unwrap();
        let script = world.file("job.py", &format!("{HEADER}{body}")).display().to_string();
        world.run(&["run", "--detach", "--workers", "1", "--threads", "1", &script]).expect(0);
        pass(Duration::from_micros(pick(seed, 7, 6_000_000)));
        kill(&world, seed);
        check(&world, watch, &ended(&world));
        let builds = || world.processes().into_iter().filter(|one| one.command.contains("/tools/uv")).count();
        wait_for("the end of every build", || (builds() == 0).then_some(()));
    });
}

#[test]
fn while_the_cluster_starts() {
    each("start", |seed| {
        let world = world();
        let watch = Watch::begin(&world);
        submit(&world, &["--workers", "2"]);
        pass(Duration::from_micros(pick(seed, 2, 900_000)));
        kill(&world, seed);
        check(&world, watch, &ended(&world));
    });
}

#[test]
fn while_the_script_runs() {
    each("run", |seed| {
        let world = world();
        let watch = Watch::begin(&world);
        submit(&world, &["--workers", "1"]);
        world.wait_job("RUNNING");
        pass(Duration::from_micros(pick(seed, 3, 600_000)));
        kill(&world, seed);
        check(&world, watch, &ended(&world));
    });
}

#[test]
fn while_a_cluster_scales() {
    each("scale", |seed| {
        let world = world();
        let watch = Watch::begin(&world);
        world.run(&["cluster", "create", "lab", "--workers", "1..3", "--threads", "1", "--memory", "1GiB"]).expect(0);
        let (up, down) = (["cluster", "scale", "lab", "3"], ["cluster", "scale", "lab", "1"]);
        world.run(&up).expect(0);
        pass(Duration::from_micros(pick(seed, 4, 200_000)));
        kill(&world, seed);
        world.run(&down).expect(0);
        pass(Duration::from_micros(pick(seed, 5, 200_000)));
        kill(&world, seed + 1);
        submit(&world, &["--cluster", "lab"]);
        let job = ended(&world);
        effects(&world, &job);
        wait_for("one worker", || {
            let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]);
            let cluster = (cluster.code() == 0).then(|| cluster.json())?;
            (cluster["slots"].as_array()?.len() == 1).then_some(())
        });
        world.run(&["cluster", "stop", "lab"]).expect(0);
        world.assert_nothing_left();
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        ledger(&world, watch, &BTreeSet::from([cluster["id"].as_str().unwrap()]), &cluster["usage"]);
    });
}

#[test]
fn while_everything_ends() {
    each("stop", |seed| {
        let world = world();
        let watch = Watch::begin(&world);
        submit(&world, &["--workers", "2"]);
        wait_for("the script's end", || {
            let job = world.job();
            (!job["exit_code"].is_null()).then_some(())
        });
        pass(Duration::from_micros(pick(seed, 6, 60_000)));
        kill(&world, seed);
        check(&world, watch, &ended(&world));
    });
}
