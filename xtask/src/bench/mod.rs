//! Benchmarks: what is measured, by what rules, and where results go. See `benchmarks/README.md`.
//!
//! What always holds: contenders are measured in one run on one machine, each once a round, in an order that is
//! shuffled anew for every round; failures are counted and shown, never left out; whatever was started is ended.

mod adapt;
mod dataproc;
mod plan;
mod start;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// How fast clusters start, jobs begin and workers are replaced; what the idle server and keeper use.
    Start(start::Arguments),
    /// The same programs on clusters that scale, by Caddis and by Dask's Adaptive: time, cost, what is lost.
    Adapt(adapt::Arguments),
    /// How fast Google's clients get a cluster, a job and an answer from the Dataproc face.
    Dataproc(dataproc::Arguments),
    /// What deciding costs: a pass over many clusters, and one decision about one cluster's size.
    Plan(plan::Arguments),
}

/// Runs the benchmark that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words = std::iter::once("cargo xtask bench").chain(arguments.iter().map(String::as_str));
    match Arguments::parse_from(words).benchmark {
        Benchmark::Start(arguments) => start::run(arguments),
        Benchmark::Adapt(arguments) => adapt::run(arguments),
        Benchmark::Dataproc(arguments) => dataproc::run(arguments),
        Benchmark::Plan(arguments) => plan::run(&arguments),
    }
}
