//! Where the work comes from: a file, a recording, or a generator.

use std::fs;
use std::path::Path;

use caddis_core::autoscale::{Economy, Signals};
use caddis_replay::generate::{Class, generate};
use caddis_replay::model::Settings;
use caddis_replay::trace::{Trace, recorded};
use caddis_types::Timestamp;
use caddis_types::api::DecisionView;
use caddis_types::shape::WorkerRange;

use super::Args;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::plain;
use crate::reference;

/// The mission's range.
const RANGE: WorkerRange = WorkerRange { min: 2, max: 10 };

/// Work, and the cluster that it is replayed on.
pub(super) struct Work {
    pub(super) trace: Trace,
    pub(super) settings: Settings,
}

/// Work of a class.
pub(super) fn generated(class: Class, args: &Args) -> Trace {
    generate(class, args.seed, args.workers.unwrap_or(RANGE).max, args.threads.unwrap_or(3))
}

/// Work of a file, or of a job or cluster of that name.
pub(super) async fn named(word: &str, args: &Args, context: &Context) -> Result<Work, Failure> {
    let path = Path::new(word);
    if !path.is_file() {
        if word.contains('/') || word.contains('.') {
            return Err(Failure::usage("trace_unreadable", format!("there is no file `{word}`")));
        }
        return recording(word, args, context).await;
    }
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::usage("trace_unreadable", format!("the trace `{word}` cannot be read: {}", plain(&error)))
    })?;
    let trace =
        Trace::from_text(&text).map_err(|error| Failure::usage("trace_invalid", format!("`{word}`: {error}")))?;
    Ok(Work { trace, settings: settings(args, Settings::cloud(RANGE)) })
}

/// What the options say over what is known otherwise.
fn settings(args: &Args, otherwise: Settings) -> Settings {
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

async fn recording(word: &str, args: &Args, context: &Context) -> Result<Work, Failure> {
    let server = context.server().await?;
    let cluster = match reference::job(&server, Some(word)).await {
        Ok(job) => job.cluster.map(|cluster| cluster.to_string()).ok_or_else(|| no_decisions(word))?,
        Err(failure) => match reference::cluster(&server, Some(word)).await {
            Ok(cluster) => cluster.id.to_string(),
            Err(_) => return Err(reference::neither(failure, Some(word))),
        },
    };
    let (mut looks, mut last) = (Vec::new(), None::<DecisionView>);
    loop {
        let after = last.as_ref().map_or(Timestamp::default(), |last| last.at);
        let mut page = server.call(async |client| client.decisions(&cluster, after).await).await?;
        let Some(newest) = page.pop() else { break };
        for row in page.iter().chain([&newest]) {
            looks.push(look(word, row)?);
        }
        last = Some(newest);
    }
    replayed(word, &looks, &last.ok_or_else(|| no_decisions(word))?, args)
}

/// What a row saw: a day of work has a hundred thousand rows, and of all but the last nothing else is needed.
fn look(word: &str, row: &DecisionView) -> Result<Signals, Failure> {
    serde_json::from_value(row.signals.clone().into_iter().collect()).map_err(|error| unplayable(word, &error))
}

fn unplayable(word: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, "trace_invalid", format!("what is recorded of `{word}` cannot be replayed: {error}"))
}

fn replayed(word: &str, looks: &[Signals], last: &DecisionView, args: &Args) -> Result<Work, Failure> {
    let trace = recorded(word, looks).map_err(|error| unplayable(word, &error))?;
    let cluster = Settings::local(WorkerRange { min: last.min, max: last.max.max(1) });
    let economy =
        Economy { start_seconds: last.start_seconds, worker_hour: last.worker_hour, ..cluster.economy.clone() };
    let threads = looks.last().map_or(cluster.threads, |look| look.threads.max(1));
    Ok(Work { trace, settings: settings(args, Settings { threads, economy, ..cluster }) })
}

fn no_decisions(word: &str) -> Failure {
    Failure::new(Exit::NotFound, "not_recorded", format!("no decision was recorded of `{word}`"))
        .hint("only clusters that follow the load are recorded, those with a range of workers such as `2..10`")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn args(words: &[&str]) -> Args {
        let words = ["caddis", "simulate"].iter().chain(words);
        match Cli::parse_from(words).command {
            Command::Simulate(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn row(seconds: i64, done: u64, processing: u64) -> DecisionView {
        let signals = Signals {
            at: Timestamp(1_795_000_000_000_000 + seconds * 1_000_000),
            threads: 2,
            done,
            done_seconds: done as f64 * 3.0,
            processing,
            occupancy: processing as f64 * 3.0,
            ..Signals::default()
        };
        let signals = serde_json::to_value(&signals).unwrap().as_object().unwrap().clone();
        DecisionView {
            at: Timestamp(seconds),
            min: 0,
            max: 4,
            current: 1,
            target: 2,
            why: "backlog".into(),
            start_seconds: 0.5,
            worker_hour: caddis_types::NanoDollars(7),
            signals: signals.into_iter().collect(),
            policy: Default::default(),
            memory: Default::default(),
        }
    }

    fn from_rows(word: &str, rows: &[DecisionView], args: &Args) -> Result<Work, Failure> {
        let looks: Vec<Signals> = rows.iter().map(|row| look(word, row)).collect::<Result<_, _>>()?;
        replayed(word, &looks, rows.last().ok_or_else(|| no_decisions(word))?, args)
    }

    #[test]
    fn a_recording_is_replayed_on_the_cluster_that_it_was_made_on() {
        let rows = [row(0, 0, 0), row(5, 0, 8), row(17, 8, 0)];
        let work = from_rows("etl", &rows, &args(&["--trace", "etl"])).unwrap();
        assert_eq!((work.trace.count(), work.trace.seconds()), (8, 24.0));
        assert_eq!((work.settings.range.max, work.settings.threads), (4, 2));
        assert_eq!((work.settings.economy.start_seconds, work.settings.economy.worker_hour.0), (0.5, 7));
        let other = from_rows("etl", &rows, &args(&["--trace", "etl", "-w", "1..9", "--start", "90s"])).unwrap();
        assert_eq!((other.settings.range.max, other.settings.economy.start_seconds), (9, 90.0));
    }

    #[test]
    fn what_cannot_be_replayed_says_why() {
        let refused = |rows: &[DecisionView]| from_rows("etl", rows, &args(&["--trace", "etl"])).err().unwrap();
        assert_eq!(refused(&[]).code, "not_recorded");
        assert!(refused(&[row(0, 0, 4), row(9000, 4, 0)]).message.contains("hole"));
        let mut odd = row(0, 0, 4);
        odd.signals.insert("occupancy".into(), "much".into());
        assert!(refused(&[odd]).message.contains("cannot be replayed"));
    }

    #[test]
    fn one_thing_at_a_time() {
        let wrong = |words: &[&str]| {
            let words = ["caddis", "simulate"].iter().chain(words);
            Cli::try_parse_from(words).unwrap_err().to_string()
        };
        assert!(wrong(&[]).contains("--trace"));
        assert!(wrong(&["--compare", "--trace", "x"]).contains("cannot be used with"));
        assert!(wrong(&["--generate", "brusty"]).contains("bursty"));
        assert!(wrong(&["--compare", "--seeds", "9..3"]).contains("range of seeds"));
        assert!(wrong(&["--trace", "x", "--workers", "9..3"]).contains("the minimum is above the maximum"));
    }
}
