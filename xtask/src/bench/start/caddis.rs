//! Caddis itself: its build, its environment, its server and keeper, and their end.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::ground::Ground;
use super::http::Api;
use super::{keeper, processes};
use crate::process;

/// Waits end with an error, never in silence.
const BOUND: Duration = Duration::from_secs(120);
/// The last step of the fork server's idle imports when all of the environment is installed.
const LAST_IMPORT: &str = "dask.array";
/// A script whose output is the interpreter of its environment, and the one that this was made from.
const WHERE: &str = "import sys\nprint(sys.executable, sys._base_executable, sep='\\n')\n";

/// Builds the release binary; answers where it is.
pub(in crate::bench) fn build() -> Result<PathBuf> {
    process::succeed(&mut process::cargo(&["build", "--release", "--package", "caddis-cli", "--quiet"])?)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| process::root().join("target"), PathBuf::from);
    Ok(target.join("release/caddis"))
}

/// Builds the environment unless it is there, and learns its interpreter. The server runs then.
///
/// Which interpreter Caddis takes depends on the variables of whoever asks, and drivers have few. So it is found out
/// once, and named in every wish from then on.
async fn make_environment(ground: &mut Ground) -> Result<()> {
    eprintln!("building the Python environment, unless an earlier run did");
    if ground.wished_python.is_none() {
        ground.wished_python = Some(interpreters(ground).await?.1);
    }
    ground.python = Some(interpreters(ground).await?.0.into());
    Ok(())
}

async fn interpreters(ground: &Ground) -> Result<(String, String)> {
    let script = ground.work.join("tmp/where.py");
    std::fs::write(&script, WHERE)?;
    let output = ground.caddis_run(None, &script).output().await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the environment cannot be built: `caddis run` ended with {}\n{}", output.status, said.trim());
    }
    let text = String::from_utf8(output.stdout)?;
    let (own, base) = text.trim().split_once('\n').context("a script that prints two lines")?;
    Ok((own.to_owned(), base.to_owned()))
}

/// Until the server runs, nothing is active on it, and its fork server has imported all.
pub(in crate::bench) async fn warm(ground: &mut Ground) -> Result<()> {
    make_environment(ground).await?;
    rest(ground).await?;
    until("the fork server to import the rest", async || {
        let hello = keeper::hello(ground).await?;
        let servers = hello["fork_servers"].as_array().cloned().unwrap_or_default();
        Ok(servers.iter().any(|server| {
            server["imported"].as_array().is_some_and(|imported| imported.iter().any(|name| name == LAST_IMPORT))
        }))
    })
    .await
}

/// Until no job and no cluster is active.
pub(in crate::bench) async fn rest(ground: &Ground) -> Result<()> {
    let api = Api::of(&ground.home)?;
    until("jobs and clusters to end", async || {
        let server = api.get("/v1/server").await?;
        Ok(number(&server, "jobs_active") + number(&server, "clusters_active") == 0)
    })
    .await
}

/// Ends server, keeper and fork servers in order, until no process of them is left. Only when nothing is active.
pub(in crate::bench) async fn stop(ground: &Ground) -> Result<()> {
    let output = ground.caddis(&["serve", "--stop"]).output().await?;
    if !output.status.success() {
        bail!("the server did not stop: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    until("the keeper to end", async || {
        // It refuses while the last members are being buried.
        Ok(keeper::shutdown(ground).await.is_ok() || keeper::hello(ground).await.is_err())
    })
    .await?;
    until("all processes to end", async || Ok(processes::started(ground).is_empty())).await
}

/// Asks again and again until it is so.
pub(in crate::bench) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !is_so().await.with_context(|| format!("waiting for {what}"))? {
        if begun.elapsed() > BOUND {
            bail!("waited {} s for {what}, in vain", BOUND.as_secs());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A number of an answer.
pub(in crate::bench) fn number(answer: &Value, name: &str) -> u64 {
    answer[name].as_u64().unwrap_or(0)
}
