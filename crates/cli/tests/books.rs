//! The ledger against the process table, and what `caddis cost` says against the ledger.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use caddis_testkit::{World, wait_for};
use common::ledger::{events, lines};
use common::watch::Watch;
use common::world;
use rustix::process::Signal;
use serde_json::Value;

/// How long the cluster lives: a part in a hundred of it is what a busy machine may take to notice an end.
const LIFE: Duration = Duration::from_secs(30);

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

/// The lines of every process follow each other without a gap or an overlap, and all of them together are what the process
/// table had, within 1 %; answers the microseconds of each.
#[track_caller]
fn balanced(world: &World, watch: Watch) -> BTreeMap<String, i64> {
    let mut pieces: BTreeMap<String, BTreeMap<u32, (i64, i64)>> = BTreeMap::new();
    for (key, line) in lines(world) {
        let (process, number) = key.split_once('#').unwrap_or((&key, "1"));
        let span = (line["started_at"].as_i64().unwrap(), line["ended_at"].as_i64().unwrap());
        let before = pieces.entry(process.to_owned()).or_default().insert(number.parse().unwrap(), span);
        assert_eq!(before, None, "{key} is there twice");
    }
    for (process, pieces) in &pieces {
        let (numbers, spans): (Vec<_>, Vec<_>) = pieces.iter().map(|(number, span)| (*number, *span)).unzip();
        assert_eq!(numbers, (1..=spans.len() as u32).collect::<Vec<_>>(), "{process}");
        assert!(spans.iter().all(|(from, to)| from <= to), "{process}: {spans:?}");
        assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "each interval is billed once: {process} {spans:?}");
    }
    let (seen, booked) = (watch.end(), booked(world));
    let member = |key: &str| key.contains("/scheduler.") || key.contains("/worker-");
    let truth: BTreeMap<_, _> =
        seen.iter().filter(|one| member(&one.key)).map(|one| (one.key.clone(), one.whole().as_micros() as i64)).collect();
    assert_eq!(booked.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>(), "each process, and nothing else");
    let (counted, lived): (i64, i64) = (booked.values().sum(), truth.values().sum());
    let away = (counted - lived).abs() as f64 / lived as f64;
    println!("booked {counted} µs, lived {lived} µs: {:.3} % away", away * 100.0);
    assert!(away < 0.01, "booked {counted} µs, lived {lived} µs: {booked:#?} {truth:#?}");
    booked
}

#[track_caller]
fn stop(world: &World) {
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
    wait_for("the end of the cluster", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]);
        (cluster.code() == 0 && cluster.json()["phase"] == "STOPPED").then_some(())
    });
}

#[test]
fn the_ledger_has_what_the_process_table_had_although_workers_were_taken_away() {
    let world = world();
    let watch = Watch::begin(&world);
    // Every 15 s each: what it takes to notice an end is little of such a life.
    let create = ["cluster", "create", "lab", "--workers", "3", "--on-demand", "1", "--preempt-rate", "240"];
    world.run(&[&create[..], &["--threads", "1", "--memory", "500MiB"]].concat()).expect(0);
    pass(LIFE);
    wait_for("two that were taken away", || (events(&world, "worker.died").len() >= 2).then_some(()));
    stop(&world);
    let taken = events(&world, "worker.died").len();
    balanced(&world, watch);
    let lines = lines(&world);
    let of = |preemptible: bool| lines.iter().filter(move |(_, line)| line["kind"] == "worker" && (line["preemptible"] == true) == preemptible);
    let prices = |preemptible: bool| of(preemptible).map(|(_, line)| line["price_hour"].as_i64().unwrap()).collect::<BTreeSet<_>>();
    assert!(of(true).count() >= taken && of(false).count() > 0, "{lines:#?}");
    let (cheap, dear) = (prices(true), prices(false));
    assert!(cheap.len() == 1 && cheap.iter().max() < dear.iter().min(), "{cheap:?} {dear:?}");
}

/// The clock of server and keeper jumps while processes live, while they start, and while nobody watches.
#[test]
fn the_ledger_has_what_the_process_table_had_although_the_clock_jumped() {
    const MINUTE: i64 = 60_000_000;
    let mut world = world();
    let clock = world.file("clock", "0");
    let jump = |minutes: i64| {
        let new = clock.with_extension("new");
        std::fs::write(&new, (minutes * MINUTE).to_string()).unwrap();
        std::fs::rename(&new, &clock).unwrap();
    };
    world.set("CADDIS_TEST_CLOCK", &clock);
    let watch = Watch::begin(&world);
    world.run(&["cluster", "create", "lab", "--workers", "2", "--threads", "1", "--memory", "1GiB"]).expect(0);
    let begun = Instant::now();
    pass(LIFE / 4);
    jump(10);
    let worker = world.members().into_iter().find(|one| one.member.as_ref().is_some_and(|key| key.contains("worker-0001.")));
    worker.expect("there is one").kill(Signal::KILL);
    wait_for("two workers again", || (workers(&world) == 2).then_some(()));
    pass(LIFE / 4);
    jump(-20);
    pass(LIFE / 4);
    world.server().expect("it runs").kill(Signal::KILL);
    world.keeper().expect("it runs").kill(Signal::KILL);
    jump(5);
    wait_for("two workers", || (workers(&world) == 2).then_some(()));
    pass(LIFE.saturating_sub(begun.elapsed()));
    jump(0);
    stop(&world);
    let starts: BTreeSet<i64> = lines(&world).iter().map(|(_, line)| line["started_at"].as_i64().unwrap() / MINUTE).collect();
    assert!(starts.last().unwrap() - starts.first().unwrap() >= 9, "the clock did jump: {starts:?}");
    let booked = balanced(&world, watch);
    assert_eq!(booked.len(), 4, "{booked:?}");
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
    stop(&world);
    let booked = balanced(&world, watch);
    assert_eq!(booked.len(), 4, "a scheduler, two workers, and one in the place of the one that was killed");
    let counted: i64 = booked.values().sum();

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
