//! A long history in the store: 1,000 clusters that are shown and 10,000 jobs that are done.
//!
//! One stopped cluster and one job on it are made through the API; then, with the server ended, `caddis-store`'s example
//! `copies` writes as many copies of their rows as are wanted, under ids and names of their own.

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::process::Command;

use super::args::Arguments;
use super::place;
use crate::bench::start::ground::Ground;
use crate::bench::start::numbers::Numbers;
use crate::bench::start::caddis;
use crate::process;

/// What all are called, before their number of five digits.
const CLUSTER: &str = "fill-cluster";
const JOB: &str = "fill-job";
/// The folder of their documents' keys: project and region.
const FOLDER: &str = "bench/us-central1/";

/// Fills the store and reads it.
pub(super) async fn run(ground: &Ground, arguments: &Arguments, numbers: &mut Numbers) -> Result<()> {
    let mut direct = place::driver(ground, "direct.py").await?;
    let first = |name: &str| format!("{name}-00000");
    direct.ask(&json!({"do": "stopped", "name": first(CLUSTER), "job_id": first(JOB), "workers": 2})).await?;
    direct.end().await;
    caddis::rest(ground).await?;
    caddis::stop(ground).await?;
    fill(ground, arguments).await?;
    let mut direct = place::driver(ground, "direct.py").await?;
    let wish = json!({
        "do": "reads", "cluster_prefix": CLUSTER, "clusters": arguments.clusters, "job_prefix": JOB,
        "jobs": arguments.jobs, "count": arguments.calls,
    });
    let answer = direct.ask_within(&wish, std::time::Duration::from_secs(1800)).await?;
    for (what, samples) in answer["took"].as_object().context("an object of samples")? {
        for millis in samples.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64) {
            numbers.push("history", what, millis);
        }
        numbers.push("history-bytes", what, answer["bytes"][what].as_f64().unwrap_or(0.0));
    }
    for round in 0..=5 {
        let took = direct.ask(&json!({"do": "once", "name": format!("late-{round}"), "workers": 2})).await?;
        if round > 0 {
            place::note("idle-history", &took, numbers)?;
        }
        caddis::rest(ground).await?;
    }
    direct.end().await;
    Ok(())
}

async fn fill(ground: &Ground, arguments: &Arguments) -> Result<()> {
    eprintln!("filling the store with {} clusters and {} jobs", arguments.clusters, arguments.jobs);
    let build = ["build", "--release", "--package", "caddis-store", "--example", "copies", "--quiet"];
    process::succeed(&mut process::cargo(&build)?)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| process::root().join("target"), Into::into);
    let output = Command::new(target.join("release/examples/copies"))
        .arg(ground.home.join("state.db"))
        .args([FOLDER, &format!("{CLUSTER}-00000"), &arguments.clusters.to_string()])
        .args([&format!("{JOB}-00000"), &arguments.jobs.to_string()])
        .output()
        .await?;
    if !output.status.success() {
        bail!("the store could not be filled: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
