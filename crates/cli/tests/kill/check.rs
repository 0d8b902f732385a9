//! What must hold whatever was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use caddis_testkit::{World, wait_within};
use serde_json::Value;

use crate::common::ledger::lines;
use crate::common::watch::Watch;

/// How long a job may take whose environment is built, in a world that has to be picked up again, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// The newest job, once it is over.
pub(crate) fn ended(world: &World) -> Value {
    wait_within(PATIENCE, "the end of the job", || {
        let run = world.run(&["job", "show", "-o", "json"]);
        let job = (run.code() == 0).then(|| run.json())?;
        matches!(job["phase"].as_str()?, "SUCCEEDED" | "FAILED" | "CANCELLED").then_some(job)
    })
}

/// Everything that must hold of a job with a cluster of its own, after so many attempts.
pub(crate) fn check(world: &World, watch: Watch, job: &Value, attempts: usize) {
    effects(world, job, attempts);
    world.assert_nothing_left();
    let job = world.run(&["job", "show", "-o", "json", job["id"].as_str().unwrap()]).expect(0).json();
    let clusters: BTreeSet<&str> = job["attempts"].as_array().unwrap().iter().filter_map(|a| a["cluster"].as_str()).collect();
    ledger(world, watch, &clusters, &job["usage"]);
}

/// The script was reached once an attempt, and its own exit code came through.
pub(crate) fn effects(world: &World, job: &Value, attempts: usize) {
    assert_eq!((&job["phase"], &job["exit_code"]), (&"FAILED".into(), &7.into()), "{job:#}");
    let began = job["attempts"].as_array().unwrap().iter().filter(|a| !a["started_at"].is_null()).count();
    let effects = std::fs::read_to_string(world.work().join("effects")).unwrap_or_default();
    assert_eq!((effects.lines().count(), began), (attempts, attempts), "one effect an attempt: {job:#}");
}

/// Lines for each scheduler and worker that was in the process table, and for nothing that left no log; together as long
/// as it was there; and all of them what is told of the clusters.
pub(crate) fn ledger(world: &World, watch: Watch, clusters: &BTreeSet<&str>, usage: &Value) {
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
