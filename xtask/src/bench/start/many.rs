//! Many jobs submitted at once: all finish, none is lost or doubled, and the pool's limit is never exceeded.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};

use super::ground::Ground;
use super::http::Api;
use super::numbers::Numbers;
use super::warm_run::{environment, variables};
use super::{caddis, clock, processes};

/// Requests under way at one time.
const CONNECTIONS: u32 = 20;
/// Two processors need a minute or two for two hundred.
const BOUND: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Submits them, watches them, and counts what became of them.
pub(super) async fn run(ground: &Ground, jobs: u32, numbers: &mut Numbers) -> Result<()> {
    let api = Arc::new(Api::of(&ground.home)?);
    let effects = ground.work.join("tmp/effects");
    fs::write(&effects, "")?;
    let begun = clock::monotonic();
    let submitted = Cell::new(false);
    let submitting = async {
        let done = submit(ground, &api, &effects, jobs).await;
        submitted.set(true);
        done
    };
    let (latencies, seen) = tokio::join!(submitting, watch(ground, &api, &submitted));
    let (latencies, seen) = (latencies?, seen?);
    numbers.push("many", "total_s", clock::millis(begun, clock::monotonic()) / 1000.0);
    for latency in latencies {
        numbers.push("many", "submit", latency);
    }
    seen.note(numbers);
    let ended = ended(&api).await?;
    let lines = fs::read_to_string(&effects)?;
    for (what, count) in outcome(jobs, &ended, &lines) {
        numbers.push("many", what, count as f64);
    }
    Ok(())
}

/// Submits all, each connection one after the other; milliseconds from each request to its answer.
async fn submit(ground: &Ground, api: &Arc<Api>, effects: &Path, jobs: u32) -> Result<Vec<f64>> {
    let next = Arc::new(AtomicU32::new(0));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (api, next, wish) = (Arc::clone(api), Arc::clone(&next), wish(ground, effects));
        connections.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= jobs {
                    return anyhow::Ok(latencies);
                }
                let mut wish = wish.clone();
                wish["args"][1] = name(number).into();
                wish["name"] = name(number).into();
                let asked = clock::monotonic();
                api.post("/v1/jobs", &wish).await?;
                latencies.push(clock::millis(asked, clock::monotonic()));
            }
        });
    }
    let mut all = Vec::new();
    while let Some(latencies) = connections.join_next().await {
        all.extend(latencies??);
    }
    Ok(all)
}

fn name(number: u32) -> String {
    format!("many-{number:04}")
}

/// A job with one worker of one slot, so that as many as possible run at one time.
fn wish(ground: &Ground, effects: &Path) -> Value {
    let shape = json!({
        "workers": {"min": 1, "max": 1}, "threads": 1, "memory_bytes": 1u64 << 30, "dashboard": false,
    });
    json!({
        "program": {"script": ground.job("one_of_many.py")},
        "args": [effects, ""],
        "cwd": ground.work.join("tmp"),
        "variables": variables(),
        "environment": environment(ground),
        "cluster": {"fresh": shape},
    })
}

/// What was seen while they ran.
#[derive(Default)]
struct Seen {
    pool_size: u64,
    most_used: u64,
    most_workers: usize,
    looks: u32,
}

impl Seen {
    fn note(&self, numbers: &mut Numbers) {
        numbers.push("many", "pool_slots", self.pool_size as f64);
        numbers.push("many", "most_slots_used", self.most_used as f64);
        numbers.push("many", "most_worker_processes", self.most_workers as f64);
        numbers.push("many", "looks", f64::from(self.looks));
    }
}

/// Looks at the pool as the server tells it, and at the workers in the process table, until nothing is active.
async fn watch(ground: &Ground, api: &Api, submitted: &Cell<bool>) -> Result<Seen> {
    let (mut seen, begun) = (Seen::default(), Instant::now());
    loop {
        let all_submitted = submitted.get();
        let server = api.get("/v1/server").await?;
        let work = ground.work.clone();
        let workers = spawn_blocking(move || processes::workers(&work)).await?;
        seen.pool_size = caddis::number(&server, "pool_size");
        seen.most_used = seen.most_used.max(caddis::number(&server, "pool_used"));
        seen.most_workers = seen.most_workers.max(workers);
        seen.looks += 1;
        if all_submitted && caddis::number(&server, "jobs_active") + caddis::number(&server, "clusters_active") == 0 {
            return Ok(seen);
        }
        if begun.elapsed() > BOUND {
            bail!("after {} s there are still {} jobs active", BOUND.as_secs(), server["jobs_active"]);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The phase of each of our jobs, by name.
async fn ended(api: &Api) -> Result<BTreeMap<String, String>> {
    let jobs = api.get("/v1/jobs?active=false&limit=0").await?;
    let jobs = jobs.as_array().context("jobs are a list")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ours = jobs.iter().filter(|job| text(&job["name"]).starts_with("many-"));
    Ok(ours.map(|job| (text(&job["name"]), text(&job["phase"]))).collect())
}

/// What became of them: what the server says, and what the jobs themselves left behind.
fn outcome(jobs: u32, ended: &BTreeMap<String, String>, lines: &str) -> [(&'static str, usize); 4] {
    let mut runs: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines.lines() {
        *runs.entry(line).or_default() += 1;
    }
    let names: Vec<String> = (0..jobs).map(name).collect();
    let succeeded = |name: &&String| ended.get(*name).is_some_and(|phase| phase == "SUCCEEDED");
    let ran = |times: fn(usize) -> bool| {
        names.iter().filter(|name| times(runs.get(name.as_str()).copied().unwrap_or(0))).count()
    };
    [
        ("succeeded", names.iter().filter(succeeded).count()),
        ("lost", names.iter().filter(|name| !ended.contains_key(*name)).count()),
        ("never_ran", ran(|times| times == 0)),
        ("ran_twice", ran(|times| times > 1)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_failed_and_doubled_jobs_are_told_apart() {
        let phases = [("many-0000", "SUCCEEDED"), ("many-0001", "FAILED"), ("many-0003", "SUCCEEDED")];
        let ended = phases.iter().map(|(name, phase)| ((*name).to_owned(), (*phase).to_owned())).collect();
        let lines = "many-0000\nmany-0003\nmany-0003\n";
        let expected = [("succeeded", 2), ("lost", 1), ("never_ran", 2), ("ran_twice", 1)];
        assert_eq!(outcome(4, &ended, lines), expected);
    }
}
