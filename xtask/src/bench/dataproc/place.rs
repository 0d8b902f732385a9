//! Where Google's clients are: an environment with Google's own library, and drivers in it that are led to Caddis by
//! what `caddis env` says.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bench::start::driver::Driver;
use crate::bench::start::ground::Ground;
use crate::bench::start::numbers::Numbers;

/// Google's library in an environment of its own; says where its interpreter is.
const LIBRARY: &str = "\
# /// script
# dependencies = [\"google-cloud-dataproc==5.32.0\", \"requests\"]
# ///
import sys
print(sys.executable)
";

/// Makes the environment unless it is there; drivers run its interpreter from then on. The server runs then, and the
/// environment that clusters get is built too.
pub(super) async fn prepare(ground: &mut Ground) -> Result<()> {
    eprintln!("building the Python environments, unless an earlier run did");
    let script = ground.work.join("tmp/library.py");
    fs::write(&script, LIBRARY)?;
    let output = ground.caddis(&["run", "--quiet", "--workers", "1"]).args(python(ground)).arg(&script).output().await?;
    if !output.status.success() {
        bail!("the environment of Google's library: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    ground.python = Some(String::from_utf8(output.stdout)?.trim().into());
    Ok(())
}

fn python(ground: &Ground) -> impl Iterator<Item = &str> {
    ground.wished_python.iter().flat_map(|python| ["--python", python])
}

/// A driver of `benchmarks/dataproc/drivers`.
pub(super) async fn driver(ground: &Ground, file: &'static str) -> Result<Driver> {
    let folder = ground.repository.join("benchmarks/dataproc");
    let mut command = ground.python()?;
    for (name, value) in settings(ground, "python").await?.as_object().context("settings are an object")? {
        command.env(name, value.as_str().unwrap_or_default());
    }
    let gcloud = settings(ground, "gcloud").await?;
    let of = |name: &str| gcloud[name].as_str().with_context(|| format!("no `{name}` in the settings for gcloud"));
    let port = of("CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC")?.trim_end_matches('/').rsplit(':').next();
    command
        .env("BENCH_PORT", port.unwrap_or_default())
        .env("BENCH_TOKEN", of("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")?)
        .env("BENCH_JOB", folder.join("jobs/trivial.py"))
        .env("BENCH_PROTOCOL", ground.repository.join("benchmarks/start/drivers"))
        .arg(folder.join("drivers").join(file));
    Driver::begin(ground, command, file, "").await
}

async fn settings(ground: &Ground, client: &str) -> Result<Value> {
    let output = ground.caddis(&["env", client, "--json"]).output().await?;
    if !output.status.success() {
        bail!("`caddis env {client}`: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Takes one answer of milliseconds in.
pub(super) fn note(name: &str, took: &Value, numbers: &mut Numbers) -> Result<()> {
    for (metric, millis) in took.as_object().context("what took how long is an object")? {
        numbers.push(name, metric, millis.as_f64().with_context(|| format!("`{metric}` is {millis}"))?);
    }
    Ok(())
}

/// Users at once, by Google's library; each loop that was made is a sample, each that was not a failure.
pub(super) async fn users(
    driver: &mut Driver,
    name: &'static str,
    count: u32,
    loops: u32,
    workers: u32,
    numbers: &mut Numbers,
) -> Result<()> {
    let wish = json!({"do": "users", "prefix": name, "count": count, "loops": loops, "workers": workers});
    let answer = driver.ask_within(&wish, std::time::Duration::from_secs(1800)).await?;
    for took in answer["took"].as_array().into_iter().flatten() {
        note(name, took, numbers)?;
    }
    for failure in answer["failures"].as_array().into_iter().flatten() {
        numbers.fail(name, failure.as_str().unwrap_or_default().to_owned());
    }
    Ok(())
}
