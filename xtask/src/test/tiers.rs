//! The tiers, in the order in which they run: what fails fast comes first.

use anyhow::{Context, Result};

use super::{Tier, Verdict, airflow, codes, interpreters, pytest, skipped};
use crate::{check, deps, process};

/// All of them.
pub(super) const ALL: &[Tier] = &[
    Tier {
        name: "directions",
        about: "dependencies point one way, the repository is clean",
        newcomer: true,
        optional: false,
        run: directions,
    },
    Tier {
        name: "rust",
        about: "unit, property and conformance tests, 500 seeds, the real binary (CI: every interpreter and Dask line)",
        newcomer: true,
        optional: false,
        run: rust,
    },
    Tier {
        name: "codes",
        about: "a real program brought about every reason and every cause of death",
        newcomer: true,
        optional: false,
        run: codes::check,
    },
    Tier {
        name: "runtime",
        about: "the Python runtime beside real Dask",
        newcomer: true,
        optional: false,
        run: pytest::run,
    },
    Tier {
        name: "browser",
        about: "the page and the dashboards as a headless Chromium sees them",
        newcomer: false,
        optional: true,
        run: browser,
    },
    Tier {
        name: "gcloud",
        about: "Google's own gcloud against the Dataproc face, with no network but loopback",
        newcomer: false,
        optional: true,
        run: gcloud,
    },
    Tier { name: "lints", about: "clippy with the house's bans", newcomer: false, optional: false, run: lints },
    Tier {
        name: "kill",
        about: "kill -9 of server, keeper and fork server, eight times in each stage of a job's life",
        newcomer: false,
        optional: false,
        run: kill,
    },
    Tier {
        name: "airflow",
        about: "every DAG under Airflow 2.7.3 and 3, sync, deferrable, live, and through a kill -9",
        newcomer: false,
        optional: false,
        run: airflow::run,
    },
    Tier {
        name: "simulator",
        about: "30,000 seeds and the sweep of single faults",
        newcomer: false,
        optional: false,
        run: simulator,
    },
];

/// Whether every tier runs.
pub(super) fn everything() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

fn directions() -> Result<Verdict> {
    deps::check()?;
    check::repository()?;
    Ok(Verdict::Passed)
}

fn rust() -> Result<Verdict> {
    interpreters::check()?;
    codes::clear()?;
    skipped::clear()?;
    let passed = nextest(&["--workspace"], if everything() { &[("CADDIS_ALL", "1")] } else { &[] });
    let whole = skipped::check(everything());
    passed.and(whole)?;
    Ok(Verdict::Passed)
}

/// nextest where it is installed, since it shows slow tests; else cargo's own runner.
fn nextest(what: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let runner: &[&str] =
        if process::exists("cargo-nextest", "--version") { &["nextest", "run"] } else { &["test"] };
    let mut command = process::cargo(runner)?;
    command.args(["--locked", "--no-fail-fast"]).args(what).envs(variables.iter().copied());
    process::succeed(&mut command)
}

/// The programs by which Chromium goes.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

fn browser() -> Result<Verdict> {
    let Some(program) = BROWSERS.iter().find(|program| process::exists(program, "--version")) else {
        return Ok(Verdict::Skipped(format!("none of {} is installed", BROWSERS.join(", "))));
    };
    let mut command = process::cargo(&["test", "--locked", "--package", "caddis-cli", "--test", "browser"])?;
    process::succeed(command.args(["--", "--ignored", "--test-threads=1"]).env("CADDIS_BROWSER", program))?;
    Ok(Verdict::Passed)
}

fn gcloud() -> Result<Verdict> {
    if !process::exists("gcloud", "--version") {
        return Ok(Verdict::Skipped("gcloud is not installed".to_owned()));
    }
    let mut command = process::cargo(&["test", "--locked", "--package", "caddis-cli", "--test", "gcloud"])?;
    process::succeed(command.args(["--", "--ignored"]))?;
    Ok(Verdict::Passed)
}

fn lints() -> Result<Verdict> {
    check::clippy()?;
    Ok(Verdict::Passed)
}

fn kill() -> Result<Verdict> {
    let passed = nextest(&["--package", "caddis-cli", "--test", "kill"], &[("CADDIS_KILLS", "8")]);
    println!("kills in each stage:");
    let stages = std::fs::read_dir(process::target().join("kills")).into_iter().flatten().flatten();
    let mut rows: Vec<String> = stages.filter_map(|stage| std::fs::read_to_string(stage.path()).ok()).collect();
    rows.sort();
    rows.iter().for_each(|row| println!("  {row}"));
    passed?;
    Ok(Verdict::Passed)
}

fn simulator() -> Result<Verdict> {
    for arguments in [&["--seeds", "0..30000"][..], &["--sweep"][..]] {
        let mut command = process::cargo(&["run", "--release", "--locked", "--quiet", "--package", "caddis-sim", "--"])?;
        process::succeed(command.args(arguments)).context("simulate")?;
    }
    Ok(Verdict::Passed)
}
