//! What can be asked of `cargo xtask bench dataproc`.

use std::path::PathBuf;

use anyhow::{Result, bail};

/// The parts.
pub(super) const PARTS: [&str; 4] = ["idle", "users", "queue", "history"];

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds of the idle part that count; one more is made before them.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,
    /// Only this part; may be repeated. An unknown name lists them all.
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Users at once.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(super) users: u32,
    /// How often each of them creates a cluster, runs a job and deletes the cluster.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) loops: u32,
    /// Clusters of the long history.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=99_999))]
    pub(super) clusters: u32,
    /// Jobs of the long history.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=99_999))]
    pub(super) jobs: u32,
    /// Calls of each kind that are made to read it.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..))]
    pub(super) calls: u32,
    /// The folder that results are written to [default: benchmarks/results].
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// The interpreter of the environment, as for `caddis run --python` [default: the one that Caddis takes].
    #[arg(long)]
    pub(super) python: Option<String>,
    /// Measures this binary instead of building the checkout's.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
}

impl Arguments {
    /// Whether this part is to be measured.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Refuses names that are not known: a run that measures nothing would look like one that did.
    pub(super) fn check(&self) -> Result<()> {
        match self.only.iter().find(|only| !PARTS.contains(&only.as_str())) {
            Some(unknown) => bail!("there is nothing named `{unknown}`\nhint: there are {}", PARTS.join(", ")),
            None => Ok(()),
        }
    }
}
