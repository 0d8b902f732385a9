//! What can be asked of `cargo xtask bench start`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::contenders;

/// The parts besides the contenders' rounds.
pub(super) const PARTS: [&str; 4] = ["run", "many", "idle", "cold"];

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds that count; one more is made before them.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,
    /// Only this contender or part; may be repeated. An unknown name lists them all.
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// The folder that results are written to [default: benchmarks/results].
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Repeats the orders of an earlier run, which printed it.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// The interpreter of the environment, as for `caddis run --python` [default: the one that Caddis takes].
    #[arg(long)]
    pub(super) python: Option<String>,
    /// Measures this binary instead of building the checkout's.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// How many jobs are submitted at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) jobs: u32,
}

impl Arguments {
    /// Whether this contender or part is to be measured.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Refuses names that are not known: a run that measures nothing would look like one that did.
    pub(super) fn check(&self) -> Result<()> {
        let known: Vec<&str> = contenders::all().iter().map(|contender| contender.name).chain(PARTS).collect();
        match self.only.iter().find(|only| !known.contains(&only.as_str())) {
            Some(unknown) => bail!("there is nothing named `{unknown}`\nhint: there are {}", known.join(", ")),
            None => Ok(()),
        }
    }
}
