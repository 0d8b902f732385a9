//! Options that `run` and `cluster create` share: the shape of the cluster and its Python environment.

use std::path::PathBuf;

use caddis_types::api::EnvironmentWish;
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::{bytes, duration};
use clap::{Args, ValueHint};

use crate::candidates;
use crate::config::Defaults;

/// The cluster's shape.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ShapeArgs {
    /// Workers: `4` for exactly four, `2..10` for two to ten as the load wants.
    #[arg(long, short = 'w', value_name = "RANGE")]
    pub workers: Option<WorkerRange>,
    /// Threads of each worker.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Memory of each worker, such as `14GB` or `2GiB`.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// Workers that are never preemptible; those beyond them are, for a lower price [default: of the profile].
    #[arg(long, value_name = "N")]
    pub on_demand: Option<u32>,
    /// The share of the workers beyond those of `--on-demand` that are preemptible, 0 to 1 [default: of the profile].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub preemptible_share: Option<f64>,
    /// Take each preemptible worker away so many times an hour, with 25 s of notice, to try how a job bears it.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub preempt_rate: Option<f64>,
    /// A named shape: `standard`, `throughput` (floods of tiny tasks) or `small`.
    #[arg(long, value_name = "NAME", add = candidates::profiles())]
    pub profile: Option<String>,
    /// Run each worker under Dask's Nanny, for jobs that use NannyPlugins.
    #[arg(long)]
    pub nanny: bool,
    /// Start the scheduler without its dashboard.
    #[arg(long)]
    pub no_dashboard: bool,
}

impl ShapeArgs {
    /// The wish, with what the config says for options that are not given.
    pub fn wish(&self, defaults: &Defaults) -> ShapeWish {
        ShapeWish {
            profile: self.profile.clone().or_else(|| defaults.profile.clone()),
            workers: self.workers.or(defaults.workers),
            threads: self.threads.or(defaults.threads),
            memory_bytes: self.memory.or(defaults.memory.map(|size| size.0)),
            nanny: self.nanny,
            machine_type: None,
            scheduler_machine_type: None,
            on_demand: self.on_demand.or(defaults.on_demand),
            preemptible_share: self.preemptible_share.or(defaults.preemptible_share),
            preempt_rate: self.preempt_rate,
            dashboard: self.no_dashboard.then_some(false),
        }
    }

    /// The first option that was given, for what an existing cluster cannot be told any more.
    pub fn given(&self) -> Option<&'static str> {
        let all = [
            ("--workers", self.workers.is_some()),
            ("--threads", self.threads.is_some()),
            ("--memory", self.memory.is_some()),
            ("--on-demand", self.on_demand.is_some()),
            ("--preemptible-share", self.preemptible_share.is_some()),
            ("--preempt-rate", self.preempt_rate.is_some()),
            ("--profile", self.profile.is_some()),
            ("--nanny", self.nanny),
            ("--no-dashboard", self.no_dashboard),
        ];
        all.into_iter().find_map(|(name, given)| given.then_some(name))
    }
}

/// The Python environment.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Python environment")]
pub struct EnvironmentArgs {
    /// Install what this requirements file names.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub requirements: Option<PathBuf>,
    /// The interpreter: a version such as `3.12`, a name, or a path; one in a virtual environment means that environment.
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<String>,
    /// The line of Dask to fill in, such as `2026.3`.
    #[arg(long, value_name = "LINE")]
    pub dask: Option<String>,
}

impl EnvironmentArgs {
    /// The wish, with what the config says for options that are not given. Paths start at our own folder.
    pub fn wish(&self, defaults: &Defaults) -> EnvironmentWish {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let python = self.python.clone().map(|python| match python.contains('/') {
            true => absolute(&PathBuf::from(python)).display().to_string(),
            false => python,
        });
        EnvironmentWish {
            requirements: self.requirements.as_ref().map(|file| absolute(file).display().to_string()),
            python: python.or_else(|| defaults.python.clone()),
            dask: self.dask.clone().or_else(|| defaults.dask.clone()),
        }
    }

    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        let all = [
            ("--requirements", self.requirements.is_some()),
            ("--python", self.python.is_some()),
            ("--dask", self.dask.is_some()),
        ];
        all.into_iter().find_map(|(name, given)| given.then_some(name))
    }
}

/// Reads a size of memory.
pub fn size(text: &str) -> Result<u64, String> {
    bytes::parse(text).map_err(|error| error.to_string())
}

/// Reads a part of a whole.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share lies between 0 and 1; 0.5 is every second one".to_owned()),
    }
}

/// Reads how often something happens in an hour.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=3600.0).contains(&rate) => Ok(rate),
        _ => Err("workers are preempted between 0 and 3600 times an hour; 1 preempts each about once an hour".to_owned()),
    }
}

/// Reads a duration, as milliseconds.
pub fn span(text: &str) -> Result<u64, String> {
    let span = duration::parse(text).map_err(|error| error.to_string())?;
    u64::try_from(span.as_millis()).map_err(|error| error.to_string())
}

/// Reads `key=value`.
pub fn tag(text: &str) -> Result<(String, String), String> {
    caddis_types::names::parse_tag(text).map_err(|_| {
        format!("`{text}` is not of the form key=value, where the key is a letter and then letters, digits, `-` or `_`")
    })
}

/// Reads a name.
pub fn name(text: &str) -> Result<String, String> {
    caddis_types::names::check(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}
