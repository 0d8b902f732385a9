//! Options that `run` and `cluster create` share: the shape of the cluster and its Python environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use caddis_types::api::EnvironmentWish;
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::{bytes, duration};
use clap::{Args, ValueHint};

use crate::candidates;
use crate::config::Defaults;
use crate::failure::Failure;
use crate::output::plural;

/// The cluster's shape.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ShapeArgs {
    /// Workers: `4` for exactly four, `2..10` for two to ten as the load wants.
    // A value that begins with `-` is for our own reader, which names the option and the bound; clap would take it for
    // an option that it does not know. So too below.
    #[arg(long, short = 'w', value_name = "RANGE", allow_negative_numbers = true)]
    pub workers: Option<WorkerRange>,
    /// Threads of each worker.
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 1, 1024), allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// Memory of each worker, such as `14GB` or `2GiB`.
    #[arg(long, value_name = "SIZE", value_parser = size, allow_negative_numbers = true)]
    pub memory: Option<u64>,
    /// Workers that are never preemptible; those beyond them are, for a lower price [default: of the profile].
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 0, 10_000), allow_negative_numbers = true)]
    pub on_demand: Option<u32>,
    /// The share of the workers beyond those of `--on-demand` that are preemptible, 0 to 1 [default: of the profile].
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    pub preemptible_share: Option<f64>,
    /// Take each preemptible worker away so many times an hour, with 25 s of notice, to try how a job bears it.
    #[arg(long, value_name = "RATE", value_parser = rate, allow_negative_numbers = true)]
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

    /// Refuses numbers that were given together and do not go together.
    pub fn check(&self) -> Result<(), Failure> {
        match (self.on_demand, self.workers) {
            (Some(lasting), Some(workers)) if lasting > workers.max => {
                let range = plural::range(workers.min, workers.max);
                let text = format!("`--on-demand {lasting}` is more than the workers that `--workers {range}` allows");
                let hint = format!("give at most {0}; with {0} none of them is preemptible", workers.max);
                Err(Failure::usage("on_demand", text).hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// The same where the config gives one of them: it is no mistake of this command line, and does no harm.
    pub fn notice(&self, defaults: &Defaults) -> Option<String> {
        let (lasting, workers) = (self.on_demand.or(defaults.on_demand)?, self.workers.or(defaults.workers)?);
        let more = lasting > workers.max && self.check().is_ok();
        let most = plural::count(workers.max.into(), "worker");
        more.then(|| format!("none of at most {most} is preemptible: {lasting} are on-demand"))
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
        _ => Err("a share lies between 0 and 1\nhint: 0.5 is every second one".to_owned()),
    }
}

/// Reads how often something happens in an hour.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=3600.0).contains(&rate) => Ok(rate),
        _ => Err("workers are preempted between 0 and 3600 times an hour\nhint: 1 preempts each about once an hour".to_owned()),
    }
}

/// Reads a duration, as milliseconds.
pub fn span(text: &str) -> Result<u64, String> {
    if text.starts_with('-') {
        return Err("a duration is 0 or more\nhint: write a number with a unit, such as `90s`, `30m` or `1h30m`".to_owned());
    }
    let span = duration::parse(text).map_err(|error| error.to_string())?;
    u64::try_from(span.as_millis()).map_err(|error| error.to_string())
}

/// Reads a whole number.
pub fn whole(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let range = match most {
        u32::MAX => format!("of at least {least}"),
        _ => format!("between {least} and {most}"),
    };
    let number = text.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("`{text}` is not a whole number {range}"))
}

/// Reads `key=value`.
pub fn tag(text: &str) -> Result<(String, String), String> {
    caddis_types::names::parse_tag(text).map_err(|_| {
        format!(
            "`{text}` is not of the form key=value, where the key is a letter and then letters, digits, `-` or `_`\n\
             hint: write for example `--tag team=risk`"
        )
    })
}

/// Tags by their keys; one key cannot have two values, of which one would be lost.
pub fn tags(pairs: &[(String, String)]) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(other) = tags.insert(key.clone(), value.clone()).filter(|other| other != value) {
            let text = format!("the tag `{key}` is given twice: `{other}` and `{value}`");
            return Err(Failure::usage("tag", text).hint("leave one of them out"));
        }
    }
    Ok(tags)
}

/// Reads a name.
pub fn name(text: &str) -> Result<String, String> {
    caddis_types::names::check(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use caddis_types::shape::WorkerRange;

    use super::*;

    #[test]
    fn a_tag_has_one_value() {
        let pair = |value: &str| ("team".to_owned(), value.to_owned());
        let failure = tags(&[pair("risk"), pair("web")]).unwrap_err();
        assert_eq!(failure.message, "the tag `team` is given twice: `risk` and `web`");
        assert_eq!(tags(&[pair("risk"), pair("risk")]).unwrap()["team"], "risk");
    }

    #[test]
    fn more_on_demand_than_workers_is_refused_or_told() {
        let args = |on_demand, max| ShapeArgs { on_demand, workers: max, ..ShapeArgs::default() };
        let two = WorkerRange { min: 0, max: 2 };
        let failure = args(Some(50), Some(two)).check().unwrap_err();
        assert_eq!(failure.message, "`--on-demand 50` is more than the workers that `--workers 0..2` allows");
        assert!(failure.hint.unwrap().contains("at most 2"));
        assert_eq!(args(Some(2), Some(two)).check(), Ok(()));
        let usual = Defaults { workers: Some(two), ..Defaults::default() };
        assert_eq!(args(Some(50), None).check(), Ok(()));
        let told = args(Some(50), None).notice(&usual).unwrap();
        assert_eq!(told, "none of at most 2 workers is preemptible: 50 are on-demand");
        assert_eq!(args(Some(2), None).notice(&usual), None);
    }

    #[test]
    fn a_whole_number_says_where_it_may_lie() {
        assert_eq!(whole("1024", 1, 1024), Ok(1024));
        assert_eq!(whole("0", 1, 1024).unwrap_err(), "`0` is not a whole number between 1 and 1024");
        assert_eq!(whole("0", 1, u32::MAX).unwrap_err(), "`0` is not a whole number of at least 1");
        assert!(whole("x", 0, 100).is_err() && whole("-1", 0, 100).is_err());
    }
}
