//! `caddis run` with everything warm: from the command to the script's first line, and to the command's end.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::args::Arguments;
use super::caddis;
use super::clock;
use super::ground::Ground;
use super::http::Api;
use super::numbers::Numbers;

/// Measures on a cluster that is there, and with one that is made for the script.
pub(super) async fn run(ground: &Ground, arguments: &Arguments, numbers: &mut Numbers) -> Result<()> {
    let api = Api::of(&ground.home)?;
    let cluster = ready_cluster(ground, &api).await?;
    for round in 0..=arguments.rounds {
        let discarded = &mut Numbers::default();
        let kept = if round == 0 { discarded } else { &mut *numbers };
        measure(ground, Some(&cluster), "run", kept).await?;
        measure(ground, None, "run-fresh", kept).await?;
        caddis::until("the fresh cluster to end", async || {
            Ok(caddis::number(&api.get("/v1/server").await?, "clusters_active") == 1)
        })
        .await?;
    }
    api.post(&format!("/v1/clusters/{cluster}/stop"), &json!({})).await?;
    caddis::rest(ground).await
}

async fn ready_cluster(ground: &Ground, api: &Api) -> Result<String> {
    let wish = json!({
        "shape": {"workers": {"min": 2, "max": 2}, "threads": 1, "memory_bytes": 1u64 << 30},
        "environment": environment(ground),
        "cwd": ground.work.join("tmp"),
        "variables": variables(),
    });
    let made = api.post("/v1/clusters", &wish).await?;
    let id = made["id"].as_str().context("a cluster without an id")?.to_owned();
    caddis::until("a cluster to run", async || {
        let view = api.get(&format!("/v1/clusters/{id}")).await?;
        match view["phase"].as_str() {
            Some("FAILED" | "STOPPED") => bail!("the cluster ended: {view}"),
            phase => Ok(phase == Some("RUNNING")),
        }
    })
    .await?;
    Ok(id)
}

async fn measure(ground: &Ground, existing: Option<&str>, name: &str, numbers: &mut Numbers) -> Result<()> {
    let mut command = ground.caddis_run(existing, &ground.job("first_line.py"));
    let started = clock::monotonic();
    let output = command.output().await?;
    let ended = clock::monotonic();
    if !output.status.success() {
        bail!("`caddis run` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let first_line: i64 = String::from_utf8_lossy(&output.stdout).trim().parse().context("what the script printed")?;
    numbers.push(name, "first_line", clock::millis(started, first_line));
    numbers.push(name, "end", clock::millis(started, ended));
    Ok(())
}

/// The one environment, in a wish.
pub(super) fn environment(ground: &Ground) -> Value {
    json!({"requirements": ground.requirements(), "python": ground.wished_python})
}

/// What a job needs to find its programs, in a wish.
pub(super) fn variables() -> Value {
    let kept = ["PATH", "HOME", "LANG"];
    kept.iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::from(std::env::var(name).ok()?))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
