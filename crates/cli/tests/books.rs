//! The ledger against the process table, and what `caddis cost` says against the ledger.

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use caddis_testkit::{World, wait_for};
use common::ledger::lines;
use common::watch::Watch;
use common::world;
use rustix::process::Signal;
use serde_json::Value;

/// How long the cluster lives: a part in a hundred of it is what a busy machine may take to notice an end.
const LIFE: Duration = Duration::from_secs(20);

/// Lets time pass: what is measured here is time.
fn pass(span: Duration) {
    let until = Instant::now() + span;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

fn workers(world: &World) -> usize {
    let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]);
    let slots = if cluster.code() == 0 { cluster.json()["slots"].clone() } else { Value::Null };
    slots.as_array().map_or(0, |slots| slots.iter().filter(|slot| slot["phase"] == "running").count())
}

fn cost(world: &World, arguments: &[&str]) -> Value {
    let line = [&["cost", "-o", "json"], arguments].concat();
    world.run(&line).expect(0).json()
}

/// Microseconds that the ledger has of each process.
fn booked(world: &World) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for (key, line) in lines(world) {
        let span = line["ended_at"].as_i64().unwrap() - line["started_at"].as_i64().unwrap();
        *all.entry(key.split('#').next().unwrap().to_owned()).or_default() += span;
    }
    all
}

#[test]
fn the_ledger_has_what_the_process_table_had_although_server_keeper_and_a_worker_were_killed() {
    let world = world();
    let watch = Watch::begin(&world);
    world.run(&["cluster", "create", "lab", "--workers", "2", "--threads", "1", "--memory", "1GiB", "--tag", "team=risk"]).expect(0);
    let begun = Instant::now();
    pass(LIFE / 4);
    world.server().expect("it runs").kill(Signal::KILL);
    pass(LIFE / 4);
    world.keeper().expect("it runs").kill(Signal::KILL);
    wait_for("two workers", || (workers(&world) == 2).then_some(()));
    pass(LIFE / 4);
    let worker = world.members().into_iter().find(|one| one.member.as_ref().is_some_and(|key| key.contains("worker-0001.")));
    worker.expect("there is one").kill(Signal::KILL);
    wait_for("two workers again", || (workers(&world) == 2).then_some(()));
    pass(LIFE.saturating_sub(begun.elapsed()));
    let open = cost(&world, &[]);
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
    wait_for("the end of the cluster", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]);
        (cluster.code() == 0 && cluster.json()["phase"] == "STOPPED").then_some(())
    });

    let (seen, booked) = (watch.end(), booked(&world));
    let member = |key: &str| key.contains("/scheduler.") || key.contains("/worker-");
    let truth: BTreeMap<_, _> =
        seen.iter().filter(|one| member(&one.key)).map(|one| (one.key.clone(), one.whole().as_micros() as i64)).collect();
    assert_eq!(booked.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>(), "each process, and nothing else");
    assert_eq!(booked.len(), 4, "a scheduler, two workers, and one in the place of the one that was killed");
    let (counted, lived): (i64, i64) = (booked.values().sum(), truth.values().sum());
    let away = (counted - lived).abs() as f64 / lived as f64;
    println!("booked {counted} µs, lived {lived} µs: {:.3} % away", away * 100.0);
    assert!(away < 0.01, "booked {counted} µs, lived {lived} µs: {booked:#?} {truth:#?}");

    // What was told while it ran is what was written, but for the time between.
    let closed = cost(&world, &[]);
    let micros = |report: &Value| report["usage"]["micros"].as_i64().unwrap();
    assert_eq!(micros(&closed), counted);
    assert!(micros(&open) <= counted && micros(&open) > counted / 2, "{} and {counted}", micros(&open));
    for arguments in [&["--by", "kind"][..], &["--by", "owner"], &["--by", "cluster"], &["--tag", "team"], &["--by", "machine"]] {
        let report = cost(&world, arguments);
        let groups = report["groups"].as_array().unwrap().iter().map(|group| group["cost"].as_i64().unwrap());
        assert_eq!(groups.sum::<i64>(), closed["usage"]["cost"].as_i64().unwrap(), "{arguments:?}");
    }
}
