//! Development tasks: `cargo xtask test | check | sim | bench | protos`.

mod bench;
mod check;
mod deps;
mod process;
mod protos;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Development tasks of Caddis.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Passes the tests: the newcomer's tier, or with `CI=true` every tier.
    Test(test::Arguments),
    /// Checks what no test run shows: the direction of dependencies, lints, files of the repository.
    Check,
    /// Simulates many seeds: `cargo xtask sim --seeds 0..30000`.
    Sim {
        /// Handed to the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Writes Google's published protos anew, from the npm packages that carry them.
    Protos,
    /// Measures, with peers in the same run.
    Bench {
        /// Which benchmark, and its options.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Check => check::run(),
        Task::Sim { arguments } => process::cargo(&["run", "--release", "--package", "caddis-sim", "--"])
            .and_then(|mut command| process::succeed(command.args(arguments))),
        Task::Protos => protos::refresh(),
        Task::Bench { arguments } => bench::run(&arguments),
    }
}
