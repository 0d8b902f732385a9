//! kill -9 at seeded moments: of the server, the keeper and the fork server, in every stage of a job's life.
//!
//! A kill counts only if its victim lived and the stage, read while both it and the server stood still, was the one that
//! is meant; seeds go on until there are enough. After each kill, whatever it hit, the same is checked from outside: the
//! job ended with its own exit code, its script was reached exactly once an attempt (from a file that it appends to),
//! nothing of it is left in the process table, and the ledger has exactly one line a process, for the time in which the
//! process table had it.

#[path = "../common/mod.rs"]
mod common;

mod check;
mod strike;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use caddis_testkit::{World, wait_for};
use check::{check, effects, ended, ledger};
use common::watch::Watch;
use common::{CADDIS, world};
use strike::{Aim, Victim, strike};

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

/// Lets a seeded time below `most` pass: the moment of the kill, not a wait for something.
fn pass(seed: u64, salt: u64, most: Duration) {
    let until = Instant::now() + Duration::from_micros(pick(seed, salt, most.as_micros() as u64));
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// A small package that nothing else needs, so that an environment is built.
const HEADER: &str = "# /// script\n# dependencies = [\"iniconfig\"]\n# ///\nimport iniconfig\n";

/// The script: one line an attempt into a file, some tasks, a wait for the file `go`, then its own exit code. Where there
/// is a file `slow`, its workers take their time to close.
fn script(world: &World) -> String {
    let text = "import os, sys, time\n\
        from dask.distributed import Client\n\
        with open('effects', 'a') as f: f.write('x\\n')\n\
        client = Client()\n\
        if os.path.exists('slow'):\n    import asyncio\n    from dask.distributed import WorkerPlugin\n    \
        class Slow(WorkerPlugin):\n        async def teardown(self, worker): await asyncio.sleep(0.5)\n    \
        client.register_plugin(Slow())\n\
        def work(i):\n    import threading\n    threading.Event().wait(0.02)\n    return i\n\
        total = sum(client.gather(client.map(work, range(30))))\n\
        while not os.path.exists('go'): time.sleep(0.005)\n\
        open('done', 'w').close()\n\
        sys.exit(7 if total == 435 else 1)\n";
    world.file("job.py", text).display().to_string()
}

/// Lets the script end.
fn go(world: &World) {
    world.file("go", "");
}

#[track_caller]
fn exists(world: &World, name: &str) {
    wait_for(&format!("the file {name}"), || world.work().join(name).exists().then_some(()));
}

fn submit(world: &World, options: &[&str]) {
    let script = script(world);
    let mut arguments = vec!["run", "--detach"];
    arguments.extend(options);
    arguments.push(&script);
    world.run(&arguments).expect(0);
}

/// Runs something else to its end in the shared environment, after which server, keeper and a fork server stay.
fn warm_up(world: &World) {
    let script = world.file("warm.py", "").display().to_string();
    let environment = caddis_testkit::environment(CADDIS.as_ref());
    let mut command = world.command(&["run", "--quiet", "--workers", "1", "--threads", "1", &script]);
    assert!(command.env("VIRTUAL_ENV", environment).status().expect("start caddis").success());
    world.assert_nothing_left();
}

/// Goes through seeds, which name the victims in turn, until each victim was killed often enough in the stage. `one`
/// kills and answers the stages in which it did, with the victims.
fn each(stage: &'static str, one: impl Fn(u64, Victim) -> Vec<(&'static str, Victim)>) {
    let wanted = kills();
    let first = std::env::var("CADDIS_KILL_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut hits: BTreeMap<Victim, u64> = BTreeMap::new();
    let mut missed: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first..first + 4 * wanted + 8 {
        let victim = Victim::ALL[(seed % 3) as usize];
        let due = wanted.div_ceil(3).max(1);
        if hits.values().sum::<u64>() >= wanted {
            break;
        }
        if hits.get(&victim).is_some_and(|hits| *hits >= due) {
            continue;
        }
        eprintln!("stage {stage}, seed {seed}, {victim:?}: replay with CADDIS_KILL_SEED={seed}");
        for (hit, victim) in one(seed, victim) {
            eprintln!("killed {victim:?} in stage {hit}");
            *(if hit == stage { hits.entry(victim).or_default() } else { missed.entry(hit).or_default() }) += 1;
        }
    }
    let columns: Vec<String> =
        Victim::ALL.iter().map(|victim| format!("{victim:?} {}", hits.get(victim).copied().unwrap_or(0))).collect();
    let table = format!("{stage:<12} {}; in other stages: {missed:?}", columns.join(", "));
    caddis_testkit::note("kills", stage, &table);
    eprintln!("{table}");
    assert!(hits.values().sum::<u64>() >= wanted, "too few of the kills were in their stage: {table}");
}

#[test]
fn while_a_job_is_submitted() {
    each("submit", |seed, victim| {
        let world = world();
        warm_up(&world);
        let watch = Watch::begin(&world);
        let script = script(&world);
        go(&world);
        let aim = wait_for("the victim", || Aim::take(&world, victim));
        let mut child = world.spawn(&["run", "--detach", "--workers", "1", "--threads", "1", &script]);
        pass(seed, 1, Duration::from_millis(25));
        let hit = aim.strike(&world, Some(&mut child)).expect("who was there stays there");
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "submitted, whatever was killed: {}, {said}", output.status);
        check(&world, watch, &ended(&world), 1);
        vec![(hit, victim)]
    });
}

#[test]
fn while_its_environment_is_built() {
    each("environment", |seed, victim| {
        let world = World::building(CADDIS);
        warm_up(&world);
        let watch = Watch::begin(&world);
        let body = std::fs::read_to_string(script(&world)).unwrap();
        let script = world.file("job.py", &format!("{HEADER}{body}")).display().to_string();
        go(&world);
        world.run(&["run", "--detach", "--workers", "1", "--threads", "1", &script]).expect(0);
        pass(seed, 7, Duration::from_secs(2));
        let hit = strike(&world, victim);
        check(&world, watch, &ended(&world), 1);
        let builds = || world.processes().into_iter().filter(|one| one.command.contains("/tools/uv")).count();
        wait_for("the end of every build", || (builds() == 0).then_some(()));
        vec![(hit, victim)]
    });
}

#[test]
fn while_the_cluster_starts() {
    each("start", |seed, victim| {
        let world = world();
        let watch = Watch::begin(&world);
        go(&world);
        submit(&world, &["--workers", "2"]);
        pass(seed, 2, Duration::from_millis(600));
        let hit = strike(&world, victim);
        check(&world, watch, &ended(&world), 1);
        vec![(hit, victim)]
    });
}

#[test]
fn while_the_script_runs() {
    each("run", |seed, victim| vec![(in_script(seed, victim, &[], 1), victim)]);
}

/// An attempt that fails is followed by another, whatever was killed in the first; each reaches the script once.
#[test]
fn while_the_first_of_two_attempts_runs() {
    each("run", |seed, victim| vec![(in_script(seed, victim, &["--retries", "1"], 2), victim)]);
}

/// Kills while the script runs, which ends only after that.
fn in_script(seed: u64, victim: Victim, options: &[&str], attempts: usize) -> &'static str {
    let world = world();
    let watch = Watch::begin(&world);
    submit(&world, &[&["--workers", "1"], options].concat());
    exists(&world, "effects");
    pass(seed, 3, Duration::from_millis(600));
    let hit = strike(&world, victim);
    go(&world);
    check(&world, watch, &ended(&world), attempts);
    hit
}

#[test]
fn while_a_cluster_scales() {
    // How long it takes to scale is the machine's: after a kill that came too late the next ones come sooner.
    let (rise, fall) = (Cell::new(Duration::from_millis(150)), Cell::new(Duration::from_millis(150)));
    let sooner = |most: &Cell<Duration>, hit| {
        if hit == "steady" {
            most.set(most.get() * 3 / 4);
        }
    };
    each("scale", |seed, victim| {
        let world = world();
        let watch = Watch::begin(&world);
        world.run(&["cluster", "create", "lab", "--workers", "1..3", "--threads", "1", "--memory", "1GiB"]).expect(0);
        // Not the fork server after the keeper: its servers end with it, and a cluster that shrinks asks for no other.
        let next = Victim::ALL[((seed + 2) % 3) as usize];
        world.run(&["cluster", "scale", "lab", "3"]).expect(0);
        pass(seed, 4, rise.get());
        let up = strike(&world, victim);
        sooner(&rise, up);
        world.run(&["cluster", "scale", "lab", "1"]).expect(0);
        pass(seed, 5, fall.get());
        let down = strike(&world, next);
        sooner(&fall, down);
        go(&world);
        submit(&world, &["--cluster", "lab"]);
        let job = ended(&world);
        effects(&world, &job, 1);
        wait_for("one worker", || {
            let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]);
            let cluster = (cluster.code() == 0).then(|| cluster.json())?;
            (cluster["slots"].as_array()?.len() == 1).then_some(())
        });
        world.run(&["cluster", "stop", "lab"]).expect(0);
        world.assert_nothing_left();
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        ledger(&world, watch, &BTreeSet::from([cluster["id"].as_str().unwrap()]), &cluster["usage"]);
        vec![(up, victim), (down, next)]
    });
}

#[test]
fn while_everything_ends() {
    // How long an end takes is the machine's: after each kill that came too late the next ones come sooner.
    let most = Cell::new(Duration::from_millis(300));
    each("stop", |seed, victim| {
        let world = world();
        let watch = Watch::begin(&world);
        world.file("slow", "");
        submit(&world, &["--workers", "2"]);
        exists(&world, "effects");
        let script = || world.members().into_iter().find(|one| is_script(one.member.as_deref()));
        let script = wait_for("the script", script);
        let aim = wait_for("the victim", || Aim::take(&world, victim));
        go(&world);
        let begun = Instant::now();
        while strike::lives(&script) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the script does not end");
            std::thread::yield_now();
        }
        pass(seed, 6, most.get());
        let hit = aim.strike(&world, None).unwrap_or_else(|| strike(&world, victim));
        if hit == "over" {
            most.set(most.get() / 2);
        }
        check(&world, watch, &ended(&world), 1);
        vec![(hit, victim)]
    });
}

fn is_script(member: Option<&str>) -> bool {
    member.is_some_and(|key| key.contains("/job_"))
}
