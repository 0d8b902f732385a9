//! `--dry-run`: what would happen, without a server and without doing any of it.

use std::path::PathBuf;
use std::time::Duration;

use caddis_backends::local::{cpus, environment, ram_bytes};
use caddis_core::{ledger, profile};
use caddis_types::api::{ClusterChoice, JobWish, Program};
use caddis_types::{NanoDollars, bytes, duration};
use caddis_types::shape::ClusterShape;
use serde::Serialize;

use super::args::Args;
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::plural::{count, workers};
use crate::output::style::{Style, Tint};
use crate::output::table::pairs;

/// What would happen.
#[derive(Debug, Serialize)]
pub struct Forecast {
    /// What would run.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where.
    pub cwd: String,
    /// On which existing cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What the new cluster would cost on Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostForecast>,
    /// The new cluster's shape, after fitting it to this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<ClusterShape>,
    /// Where the Python environment's contents come from.
    pub environment: String,
    /// What is declared there.
    pub requirements: Vec<String>,
    /// Which Dask fills in what is left open.
    pub dask: String,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// What a cluster costs on Google Cloud, nano-dollars.
#[derive(Debug, Serialize)]
pub struct CostForecast {
    /// At least: a minute of its scheduler and its fewest workers.
    pub least: NanoDollars,
    /// An hour with the fewest workers.
    pub hour_fewest: NanoDollars,
    /// An hour with the most workers, all on demand.
    pub hour_most: NanoDollars,
    /// The limit of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<NanoDollars>,
}

impl CostForecast {
    fn of(shape: &ClusterShape, limit: Option<NanoDollars>) -> CostForecast {
        let hour = |workers: u32| NanoDollars(shape.worker_price_hour.0 * i64::from(workers)) + shape.scheduler_price_hour;
        CostForecast {
            least: ledger::least(shape),
            hour_fewest: hour(shape.workers_min),
            hour_most: hour(shape.workers_max),
            limit,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("nothing here; {} to {} an hour on Google Cloud, {} at least", self.hour_fewest, self.hour_most, self.least);
        if let Some(limit) = self.limit {
            let lasts = |hour: NanoDollars| {
                let seconds = limit.dollars() / hour.dollars().max(f64::MIN_POSITIVE) * 3600.0;
                duration::display(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            };
            text.push_str(&format!(
                "\nthe limit of {limit} lasts {} with the most workers, {} with the fewest",
                lasts(self.hour_most),
                lasts(self.hour_fewest)
            ));
        }
        text
    }
}

/// Prints the forecast.
pub fn run(args: &Args, wish: &JobWish, mut notices: Vec<String>, context: &Context) -> Result<u8, Failure> {
    let config = &context.config;
    let plan = environment::inspect(&asked(wish)).map_err(environment_failure)?;
    notices.extend(plan.notices.iter().cloned());
    let (cluster, shape) = match &wish.cluster {
        ClusterChoice::Existing(name) => (Some(name.clone()), None),
        ClusterChoice::Fresh(asked) => {
            let pool = config.pool.pool(ram_bytes(), cpus());
            let tariff = config.tariff(context.home.path())?;
            let (shape, fitted) = profile::fit(asked, pool, &tariff, clock::now()).map_err(|error| Failure::new(Exit::Conflict, "shape", error))?;
            notices.extend(fitted);
            (None, Some(shape))
        }
    };
    let forecast = Forecast {
        program: wish.program.clone(),
        args: wish.args.clone(),
        cwd: wish.cwd.clone(),
        cluster,
        cost: shape.as_ref().map(|shape| CostForecast::of(shape, wish.max_cost)),
        shape,
        environment: plan.source.to_string(),
        requirements: plan.declared.clone(),
        dask: plan.line.version.to_owned(),
        notices,
    };
    args.output.print(&forecast, |forecast| text(forecast, Style::of_stderr()))?;
    Ok(0)
}

fn asked(wish: &JobWish) -> environment::EnvironmentWish {
    let (script, module) = match &wish.program {
        Program::Script(path) => (Some(PathBuf::from(path)), None),
        Program::Module(name) => (None, Some(name.clone())),
    };
    environment::EnvironmentWish {
        script,
        module,
        requirements: wish.environment.requirements.clone().map(PathBuf::from),
        python: wish.environment.python.clone(),
        dask: wish.environment.dask.clone(),
        cwd: PathBuf::from(&wish.cwd),
        variables: wish.variables.clone(),
    }
}

fn environment_failure(error: environment::EnvironmentError) -> Failure {
    Failure::new(Exit::Failed, error.code(), &error).hint(error.hint())
}

/// The forecast for people.
pub fn text(forecast: &Forecast, style: Style) -> String {
    let program = match &forecast.program {
        Program::Script(path) => path.clone(),
        Program::Module(name) => format!("-m {name}"),
    };
    let command = std::iter::once(program).chain(forecast.args.iter().cloned()).collect::<Vec<_>>().join(" ");
    let mut rows = vec![("would run", command), ("in", forecast.cwd.clone())];
    rows.extend(forecast.cluster.iter().map(|name| ("on cluster", format!("`{name}`, which outlives the job"))));
    rows.extend(forecast.shape.iter().map(|shape| ("on cluster", shape_text(shape))));
    rows.extend(forecast.cost.iter().map(|cost| ("cost", cost.text())));
    rows.push(("environment", forecast.environment.clone()));
    rows.push(("requirements", forecast.requirements.join("\n")));
    rows.push(("dask", forecast.dask.clone()));
    let notices = forecast.notices.iter().map(|notice| format!("{} {notice}\n", style.paint(Tint::Notice, "notice:")));
    pairs(&rows) + &notices.collect::<String>()
}

fn shape_text(shape: &ClusterShape) -> String {
    format!(
        "{}, {} and {} of memory each (profile `{}`)",
        workers(shape.workers_min, shape.workers_max),
        count(shape.threads.into(), "thread"),
        bytes::display(shape.memory_bytes),
        shape.profile
    )
}
