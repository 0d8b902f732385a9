//! One trace under several policies.

use std::fs;

use caddis_core::autoscale;
use caddis_replay::bound::LowerBound;
use caddis_replay::model::{self, Outcome, Point};
use caddis_replay::report::{Curve, svg};
use caddis_replay::scalers::{Caddis, Scaler};
use caddis_types::{NanoDollars, duration};
use serde::Serialize;

use super::source::{Shared, Work};
use super::{Args, policy};
use crate::failure::{Exit, Failure};
use crate::home::plain;
use crate::output::plural::{count, workers};
use crate::output::table::Table;

/// What is printed.
#[derive(Debug, Serialize)]
pub struct Replay {
    /// The trace's name.
    pub trace: String,
    /// The cluster that was recorded, where it outlives its jobs: then all of it is replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
    /// How many tasks.
    pub tasks: u64,
    /// What they take together, seconds of a thread.
    pub seconds: f64,
    /// Fewest workers.
    pub workers_min: u32,
    /// Most workers.
    pub workers_max: u32,
    /// Threads a worker.
    pub threads: u32,
    /// How long a worker takes to start, seconds.
    pub start_seconds: f64,
    /// What a worker costs an hour, nano-dollars.
    pub worker_hour: NanoDollars,
    /// One a policy.
    pub policies: Vec<Policy>,
}

/// One policy's outcome.
#[derive(Debug, Serialize)]
pub struct Policy {
    /// Which.
    pub policy: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What nobody can go below in that time; absent where the policy did what the bound does not speak of.
    pub lowest_cost: Option<NanoDollars>,
    /// Workers over time.
    pub workers: Vec<Point>,
}

/// `base` are the figures of the config file.
pub(super) fn run(work: &Work, args: &Args, base: &autoscale::Policy) -> Result<u8, Failure> {
    let remembers = !args.first_run;
    let figures = policy::load(args.policy.as_deref(), base)?;
    let name = args.policy.as_ref().map_or_else(|| "caddis".to_owned(), |path| path.display().to_string());
    let mut scalers: Vec<Box<dyn Scaler>> = vec![Box::new(Caddis::new(&name, figures, remembers))];
    for word in &args.against {
        scalers.push(policy::named(word, remembers, base)?);
    }
    let settings = &work.settings;
    let bound = LowerBound::of(&work.trace, settings);
    let policies = scalers.into_iter().map(|mut scaler| {
        let mut outcome = model::run(&work.trace, settings, scaler.as_mut());
        let lowest_cost = bound.below(&outcome);
        let workers = std::mem::take(&mut outcome.points);
        Policy { policy: scaler.name(), outcome, lowest_cost, workers }
    });
    let replay = Replay {
        trace: work.trace.name.clone(),
        shared: work.shared.clone(),
        tasks: work.trace.count(),
        seconds: work.trace.seconds(),
        workers_min: settings.range.min,
        workers_max: settings.range.max,
        threads: settings.threads,
        start_seconds: settings.economy.start_seconds,
        worker_hour: settings.economy.worker_hour,
        policies: policies.collect(),
    };
    if let Some(path) = &args.picture {
        let curve = |policy: &Policy| Curve { name: policy.policy.clone(), points: policy.workers.clone() };
        let curves: Vec<Curve> = replay.policies.iter().map(curve).collect();
        fs::write(path, svg(&replay.trace, replay.threads, &curves)).map_err(|error| {
            let text = format!("the picture `{}` cannot be written: {}", path.display(), plain(&error));
            Failure::new(Exit::Failed, "picture", text)
        })?;
    }
    args.output.print(&replay, text)?;
    Ok(0)
}

/// For people.
pub fn text(replay: &Replay) -> String {
    let span = |seconds: f64| duration::display(std::time::Duration::from_secs_f64(seconds.max(0.0)));
    let mut text = format!(
        "{}: {}, {} of one thread; {} of {}, each up in {} at {} an hour\n",
        replay.trace,
        count(replay.tasks, "task"),
        span(replay.seconds),
        workers(replay.workers_min, replay.workers_max),
        count(replay.threads.into(), "thread"),
        span(replay.start_seconds),
        replay.worker_hour
    );
    if let Some(Shared { cluster, jobs }) = &replay.shared {
        text += &format!("the whole cluster `{cluster}` is replayed: {} ran on it\n", count(*jobs, "job"));
    }
    text.push('\n');
    let mut table =
        Table::new(&["POLICY", ">TIME", ">WAITED", ">COST", ">LOWEST", ">STARTED", ">MOST", ">REPEATED", "WORKERS"]);
    let end = replay.policies.iter().map(|policy| policy.outcome.makespan).fold(1.0, f64::max);
    for policy in &replay.policies {
        let outcome = &policy.outcome;
        let time = if outcome.finished { span(outcome.makespan) } else { "never done".to_owned() };
        table.row([
            policy.policy.clone(),
            time,
            span(outcome.waited),
            outcome.cost.to_string(),
            policy.lowest_cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string()),
            outcome.started.to_string(),
            outcome.peak.to_string(),
            outcome.repeated.to_string(),
            course(&policy.workers, end, replay.workers_max),
        ]);
    }
    text += &table.render("");
    text += "\nLOWEST is what nobody can go below in the same time, even who knows all work before (docs/AUTOSCALING.md).\n";
    if replay.policies.iter().any(|policy| policy.lowest_cost.is_none()) {
        text += "It does not speak of who took running tasks away or had more than the most workers while some were going (-).\n";
    }
    text
}

/// Workers over time, from nothing (a space) over a tenth of the most (1) to all of them (#), in 40 steps to `end`.
fn course(points: &[Point], end: f64, most: u32) -> String {
    const STEPS: usize = 40;
    let level = |step: usize| {
        let at = end * (step as f64 + 0.5) / STEPS as f64;
        let paid = points.iter().take_while(|point| point.at <= at).last().map_or(0, |point| point.paid);
        match (f64::from(paid) / f64::from(most.max(1)) * 10.0).ceil() as u32 {
            0 => ' ',
            tenths @ 1..=9 => char::from_digit(tenths, 10).unwrap_or('#'),
            _ => '#',
        }
    };
    (0..STEPS).map(level).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_from_several_and_a_shared_cluster_is_named() {
        let mut replay = Replay {
            trace: "lab".into(),
            shared: None,
            tasks: 1,
            seconds: 3.0,
            workers_min: 1,
            workers_max: 1,
            threads: 1,
            start_seconds: 0.5,
            worker_hour: NanoDollars(234_236_000),
            policies: Vec::new(),
        };
        let head = "lab: 1 task, 3.0 s of one thread; 1 worker of 1 thread, each up in 500 ms at $0.2342 an hour\n";
        assert!(text(&replay).starts_with(head), "{}", text(&replay));
        replay.shared = Some(Shared { cluster: "lab".into(), jobs: 2 });
        assert!(text(&replay).contains("\nthe whole cluster `lab` is replayed: 2 jobs ran on it\n"), "{}", text(&replay));
    }

    #[test]
    fn the_course_shows_tenths() {
        let point = |at, paid| Point { at, paid, running: 0, runnable: 0 };
        let course = course(&[point(0.0, 2), point(50.0, 10), point(75.0, 0)], 100.0, 10);
        assert_eq!(course, format!("{}{}", "2".repeat(20), "#".repeat(10)));
    }
}
