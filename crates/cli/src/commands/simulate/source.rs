//! Where the work comes from: a file, a generator, or what a job or a cluster did ([`super::recording`]).

use std::fs;
use std::path::Path;

use caddis_core::autoscale::Economy;
use caddis_core::prices::Tariff;
use caddis_replay::generate::{Class, generate};
use caddis_replay::model::Settings;
use caddis_replay::trace::{Trace, TraceError};
use caddis_types::shape::WorkerRange;
use serde::Serialize;

use super::{Args, recording};
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::plain;

/// The mission's range.
const RANGE: WorkerRange = WorkerRange { min: 2, max: 10 };

/// Work, and the cluster that it is replayed on.
pub(super) struct Work {
    pub(super) trace: Trace,
    pub(super) settings: Settings,
    /// Present for a recorded cluster that outlives its jobs: of those, none can be told from the others.
    pub(super) shared: Option<Shared>,
}

/// A cluster that outlives its jobs.
#[derive(Clone, Debug, Serialize)]
pub struct Shared {
    /// Its name, or its id.
    pub cluster: String,
    /// How many jobs ran on it, of those that are still known.
    pub jobs: u64,
}

/// Work of a class.
pub(super) fn generated(class: Class, args: &Args) -> Trace {
    generate(class, args.seed, args.workers.unwrap_or(RANGE).max, args.threads.unwrap_or(3))
}

/// Work of a file, or of a job or cluster of that name. A file that is no trace may be the script of a job: `caddis job
/// list` shows a job that was given no name under that of its script.
pub(super) async fn named(word: &str, args: &Args, context: &Context) -> Result<Work, Failure> {
    let path = Path::new(word);
    let tariff = context.config.tariff(context.home.path())?;
    if !path.is_file() {
        if word.contains('/') {
            let failure = Failure::usage("trace_unreadable", format!("there is no file `{word}`"));
            return Err(failure.hint("name a trace that is there, or a job or cluster, whose names have no `/`"));
        }
        return recording::recording(word, args, context).await.map_err(|failure| no_file_either(failure, word));
    }
    let text = fs::read_to_string(path).map_err(|error| {
        let failure = Failure::usage("trace_unreadable", format!("the trace `{word}` cannot be read: {}", plain(&error)));
        failure.hint("docs/AUTOSCALING.md describes a trace, which is text")
    })?;
    match Trace::from_text(&text) {
        Ok(trace) => Ok(Work { trace, settings: settings(args, cloud(&tariff)), shared: None }),
        Err(error) if is_no_trace(&text) => {
            recording::recording(word, args, context).await.map_err(|failure| no_job_either(failure, word, &error))
        }
        Err(error) => Err(wrong_trace(word, &error)),
    }
}

/// Whether a file was never meant as a trace: the first line of one is a JSON object.
fn is_no_trace(text: &str) -> bool {
    !text.trim_start().starts_with('{')
}

fn wrong_trace(word: &str, error: &TraceError) -> Failure {
    let failure = Failure::usage("trace_invalid", format!("`{word}`: {error}"));
    if failure.hint.is_some() { failure } else { failure.hint("docs/AUTOSCALING.md describes a trace and its fields") }
}

/// What is said of a word that is neither a job, nor a cluster, nor a file.
fn no_file_either(mut failure: Failure, word: &str) -> Failure {
    if failure.code == "not_found" && failure.message == format!("there is no job and no cluster `{word}`") {
        failure.message.push_str(", and no such file");
        let jobs = failure.hint.take().unwrap_or_default();
        failure.hint = Some(format!("{jobs}; a trace is named by its path"));
    }
    failure
}

/// What is said of a file that is no trace, and of whose name there is no job.
fn no_job_either(failure: Failure, word: &str, error: &TraceError) -> Failure {
    match failure.exit {
        Exit::NotFound if failure.code == "not_found" => {
            let first = error.to_string();
            let first = first.split('\n').next().unwrap_or_default();
            let text = format!("the file `{word}` is no trace ({first}), and there is no job and no cluster `{word}`");
            Failure::usage("trace_invalid", text)
                .hint("docs/AUTOSCALING.md describes a trace; `caddis job list` and `caddis cluster list --all` show what ran")
        }
        _ => failure,
    }
}

/// Workers of the mission, at the price that counts here.
fn cloud(tariff: &Tariff) -> Settings {
    let usual = Settings::cloud(RANGE);
    let price = tariff.rates(&tariff.machine, clock::now()).map(|rates| rates.on_demand);
    let worker_hour = price.unwrap_or(usual.economy.worker_hour);
    Settings { economy: Economy { worker_hour, ..usual.economy.clone() }, ..usual }
}

/// What the options say over what is known otherwise.
pub(super) fn settings(args: &Args, otherwise: Settings) -> Settings {
    let start = args.start.map(|millis| millis as f64 / 1e3);
    let economy =
        Economy { start_seconds: start.unwrap_or(otherwise.economy.start_seconds), ..otherwise.economy.clone() };
    Settings {
        range: args.workers.unwrap_or(otherwise.range),
        threads: args.threads.unwrap_or(otherwise.threads),
        economy,
        ..otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_paid_at_the_price_that_counts_here() {
        let usual = Tariff::default();
        assert_eq!(cloud(&usual).economy, Settings::cloud(RANGE).economy, "the built-in figures are those of the list");
        let dear = Tariff { machine: "n2-standard-8".to_owned(), ..usual };
        let price = dear.rates("n2-standard-8", clock::now()).unwrap().on_demand;
        assert_eq!(cloud(&dear).economy.worker_hour, price);
        assert!(price > Settings::cloud(RANGE).economy.worker_hour);
    }
}
