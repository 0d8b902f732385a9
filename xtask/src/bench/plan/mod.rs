//! `cargo xtask bench plan`: what deciding costs. One pass is the whole plan of every cluster, as the loop makes it; it
//! must grow no faster than the clusters do.
//!
//! The measuring itself is `crates/core/examples/passes.rs`, since xtask knows no decisions.

mod report;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::start::machine;
use crate::process;

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Workers of each cluster.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    workers: u32,
    /// Numbers of clusters, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,10000")]
    clusters: Vec<u32>,
    /// The folder that results are written to [default: benchmarks/results].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// What was measured.
struct Measured {
    /// Clusters, and what each pass over them took, milliseconds.
    passes: Vec<(u64, Vec<f64>)>,
    /// One decision, microseconds.
    decision_us: f64,
}

/// Measures and writes down.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let begun = machine::date()?;
    let build = ["build", "--release", "--package", "caddis-core", "--example", "passes", "--quiet"];
    process::succeed(&mut process::cargo(&build)?)?;
    let busy = tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(machine::quiet());
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| process::root().join("target"), PathBuf::from);
    let mut command = Command::new(target.join("release/examples/passes"));
    command.arg(arguments.workers.to_string()).args(arguments.clusters.iter().map(u32::to_string));
    let measured = read(&process::output(&mut command)?)?;
    report::write(arguments, &measured, &begun, busy)
}

fn read(text: &str) -> Result<Measured> {
    let (mut passes, mut decision_us) = (Vec::new(), None);
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).context("a line of JSON")?;
        decision_us = decision_us.or(line["decision_us"].as_f64());
        if let Some(clusters) = line["clusters"].as_u64() {
            let took = line["pass_ms"].as_array().context("the passes")?;
            passes.push((clusters, took.iter().filter_map(Value::as_f64).collect()));
        }
    }
    match decision_us {
        Some(decision_us) if !passes.is_empty() => Ok(Measured { passes, decision_us }),
        _ => bail!("the example `passes` measured nothing"),
    }
}
