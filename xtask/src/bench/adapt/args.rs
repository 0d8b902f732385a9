//! What can be asked of `cargo xtask bench adapt`.

use std::path::PathBuf;

use anyhow::{Result, bail};

/// The programs, as `benchmarks/adapt/drivers/loads.py` names them, and what they are.
pub(super) const LOADS: [(&str, &str); 4] = [
    ("burst", "two bursts of short tasks"),
    ("tail", "a long tail"),
    ("shuffle", "a P2P shuffle"),
    ("memory", "results that fill memory"),
];

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds; each runs every program once on each side.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,
    /// Only this program; may be repeated. An unknown name lists them all.
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
}

impl Arguments {
    /// Whether this program is to be run.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Refuses names that are not known: a run that measures nothing would look like one that did.
    pub(super) fn check(&self) -> Result<()> {
        let known: Vec<&str> = LOADS.iter().map(|(name, _)| *name).collect();
        match self.only.iter().find(|only| !known.contains(&only.as_str())) {
            Some(unknown) => bail!("there is nothing named `{unknown}`\nhint: there are {}", known.join(", ")),
            None => Ok(()),
        }
    }
}
