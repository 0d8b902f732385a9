//! `--dry-run`: what would happen, without a server and without doing any of it.

use std::path::PathBuf;
use std::time::Duration;

use caddis_backends::local::{cpus, environment, ram_bytes};
use caddis_core::cluster::preemptible;
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
    /// An hour with the most workers.
    pub hour_most: NanoDollars,
    /// How many of the fewest workers are preemptible, which cost less.
    pub preemptible_fewest: u32,
    /// How many of the most.
    pub preemptible_most: u32,
    /// The limit of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<NanoDollars>,
}

impl CostForecast {
    fn of(shape: &ClusterShape, limit: Option<NanoDollars>) -> CostForecast {
        let hour = |workers: u32| {
            let preemptible = preemptible(shape, workers);
            let times = |price: NanoDollars, count: u32| NanoDollars(price.0.saturating_mul(count.into()));
            let on_demand = times(shape.worker_price_hour, workers - preemptible);
            shape.scheduler_price_hour + on_demand + times(shape.preemptible_price_hour, preemptible)
        };
        CostForecast {
            least: ledger::least(shape),
            hour_fewest: hour(shape.workers_min),
            hour_most: hour(shape.workers_max),
            preemptible_fewest: preemptible(shape, shape.workers_min),
            preemptible_most: preemptible(shape, shape.workers_max),
            limit,
        }
    }

    fn text(&self) -> String {
        let hour = match self.hour_fewest == self.hour_most {
            true => self.hour_most.to_string(),
            false => format!("{} to {}", self.hour_fewest, self.hour_most),
        };
        let kinds = match (self.preemptible_fewest, self.preemptible_most) {
            (_, 0) => "all workers on demand".to_owned(),
            (fewest, most) if fewest == most => format!("{most} of the workers preemptible"),
            (0, most) => format!("none of the fewest workers preemptible, {most} of the most"),
            (fewest, most) => format!("{fewest} of the fewest workers preemptible, {most} of the most"),
        };
        let mut text = format!("nothing here; {hour} an hour on Google Cloud, {} at least\n{kinds}", self.least);
        if let Some(limit) = self.limit {
            let lasts = |hour: NanoDollars| {
                let seconds = limit.dollars() / hour.dollars().max(f64::MIN_POSITIVE) * 3600.0;
                duration::display(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            };
            let (most, fewest) = (lasts(self.hour_most), lasts(self.hour_fewest));
            text.push_str(&match self.hour_fewest == self.hour_most {
                true => format!("\nthe limit of {limit} lasts {most}"),
                false => format!("\nthe limit of {limit} lasts {most} with the most workers, {fewest} with the fewest"),
            });
        }
        text
    }
}

/// What the server refuses is refused here too: a forecast of a run that cannot be is none.
fn affordable(limit: Option<NanoDollars>, shape: &ClusterShape) -> Result<(), Failure> {
    let least = ledger::least(shape);
    match limit {
        Some(limit) if limit < least => {
            let fewest = count(shape.workers_min.into(), "worker");
            let text = format!("a limit of {limit} does not pay for a minute of a scheduler and {fewest} on Google Cloud");
            let hint = format!("they cost {least}; raise `--max-cost`, or ask for fewer workers");
            Err(Failure::usage("bad_max_cost", text).hint(hint))
        }
        _ => Ok(()),
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
            affordable(wish.max_cost, &shape)?;
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

#[cfg(test)]
mod tests {
    use caddis_core::prices::Tariff;
    use caddis_core::profile::Pool;
    use caddis_types::bytes::GIB;
    use caddis_types::shape::{ShapeWish, WorkerRange};

    use super::*;

    fn shape(workers: (u32, u32), on_demand: Option<u32>, share: Option<f64>) -> ClusterShape {
        let wish = ShapeWish {
            workers: Some(WorkerRange { min: workers.0, max: workers.1 }),
            on_demand,
            preemptible_share: share,
            ..ShapeWish::default()
        };
        let pool = Pool { memory_bytes: 4096 * GIB, ..Pool::of_machine(4096 * GIB, 64) };
        profile::fit(&wish, pool, &Tariff::default(), caddis_types::Timestamp(1_795_000_000_000_000)).unwrap().0
    }

    #[test]
    fn an_hour_is_priced_as_the_ledger_will() {
        // A scheduler and two workers at $0.234236; then eight more at $0.0788472.
        let usual = CostForecast::of(&shape((2, 10), Some(2), None), None);
        assert_eq!((usual.hour_fewest.0, usual.hour_most.0), (702_708_000, 702_708_000 + 8 * 78_847_200));
        assert_eq!((usual.preemptible_fewest, usual.preemptible_most), (0, 8));
        let text = usual.text();
        assert!(text.contains("$0.7027 to $1.33 an hour") && text.contains("none of the fewest workers preemptible, 8 of the most"), "{text}");
        let dear = CostForecast::of(&shape((2, 10), Some(10), None), None);
        assert_eq!((dear.hour_most.0, dear.preemptible_most), (11 * 234_236_000, 0));
        assert!(dear.text().contains("all workers on demand"), "{}", dear.text());
        let half = CostForecast::of(&shape((2, 10), Some(2), Some(0.5)), None);
        assert_eq!((half.preemptible_fewest, half.preemptible_most), (0, 4));
    }

    #[test]
    fn a_limit_below_the_first_minute_is_refused_as_the_server_does() {
        let shape = shape((1, 1), None, None);
        let refused = affordable(Some(NanoDollars(100_000)), &shape).unwrap_err();
        assert!(refused.code == "bad_max_cost" && refused.message.contains("a scheduler and 1 worker on"), "{refused:?}");
        assert!(affordable(Some(ledger::least(&shape)), &shape).is_ok() && affordable(None, &shape).is_ok());
    }
}
