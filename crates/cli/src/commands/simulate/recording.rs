//! What a job or a cluster really did, from the decisions that were recorded of it.

use std::path::Path;

use caddis_core::autoscale::{Economy, Signals};
use caddis_replay::model::Settings;
use caddis_replay::trace::recorded;
use caddis_types::Timestamp;
use caddis_types::api::{DecisionView, JobView, Program};
use caddis_types::shape::WorkerRange;

use super::Args;
use super::source::{Shared, Work, settings};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::progress::title;
use crate::reference;
use crate::server::Server;

/// Work of a job, of a cluster, or of the newest job of a script.
pub(super) async fn recording(word: &str, args: &Args, context: &Context) -> Result<Work, Failure> {
    let server = context.server().await?;
    let id = match reference::job(&server, Some(word)).await {
        Ok(job) => job.cluster.ok_or_else(|| no_decisions(word))?,
        Err(failure) => match reference::cluster(&server, Some(word)).await {
            Ok(cluster) => cluster.id,
            Err(_) => match of_script(word, &server).await? {
                Some(job) => job.cluster.ok_or_else(|| no_decisions(word))?,
                None => return Err(reference::neither(failure, Some(word))),
            },
        },
    };
    let mut tape = Tape::default();
    loop {
        let after = tape.last.as_ref().map_or(Timestamp::default(), |last| last.at);
        let page = server.call(async |client| client.decisions(id.as_str(), after).await).await?;
        if page.is_empty() {
            break;
        }
        tape.take(word, page)?;
    }
    let cluster = server.call(async |client| client.cluster(id.as_str()).await).await?;
    let own = WorkerRange { min: cluster.shape.workers_min, max: cluster.shape.workers_max };
    let shared = match cluster.job {
        Some(_) => None,
        None => {
            let all = server.call(async |client| client.jobs(false, 0).await).await?;
            let jobs = all.iter().filter(|job| job.cluster.as_ref() == Some(&id)).count() as u64;
            Some(Shared { cluster: cluster.name.unwrap_or_else(|| id.to_string()), jobs })
        }
    };
    let name = shared.as_ref().map_or(word, |shared| &shared.cluster).to_owned();
    Ok(Work { shared, ..replayed(&name, &tape, Some(own), args)? })
}

/// The newest job without a name that ran this script: the file that is named, or one that is called so.
async fn of_script(word: &str, server: &Server) -> Result<Option<JobView>, Failure> {
    let path = std::path::absolute(word).unwrap_or_default();
    let all = server.call(async |client| client.jobs(false, 0).await).await?;
    let ran = |job: &JobView| matches!(&job.program, Program::Script(script) if Path::new(script) == path);
    let meant = all.into_iter().filter(|job| job.name.is_none() && (title(job) == word || ran(job)));
    Ok(meant.max_by_key(|job| job.submitted_at))
}

/// What was recorded.
#[derive(Default)]
struct Tape {
    looks: Vec<Signals>,
    /// The widest of all ranges: a job's cost limit narrows that of its cluster while it runs, and another policy would
    /// have spent the money differently.
    range: Option<WorkerRange>,
    last: Option<DecisionView>,
}

impl Tape {
    fn take(&mut self, word: &str, page: Vec<DecisionView>) -> Result<(), Failure> {
        for row in page {
            self.looks.push(look(word, &row)?);
            self.range = Some(wider(self.range, WorkerRange { min: row.min, max: row.max }));
            self.last = Some(row);
        }
        Ok(())
    }
}

fn wider(range: Option<WorkerRange>, other: WorkerRange) -> WorkerRange {
    let range = range.unwrap_or(other);
    WorkerRange { min: range.min.min(other.min), max: range.max.max(other.max) }
}

/// What a row saw: a day of work has a hundred thousand rows, and of all but the last nothing else is needed.
fn look(word: &str, row: &DecisionView) -> Result<Signals, Failure> {
    serde_json::from_value(row.signals.clone().into_iter().collect()).map_err(|error| unplayable(word, &error))
}

fn unplayable(word: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, "trace_invalid", format!("what is recorded of `{word}` cannot be replayed: {error}"))
}

/// `own` is the range that the cluster was made with, where it is known.
fn replayed(word: &str, tape: &Tape, own: Option<WorkerRange>, args: &Args) -> Result<Work, Failure> {
    let (Some(last), Some(seen)) = (&tape.last, tape.range) else { return Err(no_decisions(word)) };
    let trace = recorded(word, &tape.looks).map_err(|error| unplayable(word, &error))?;
    let range = wider(own, seen);
    let cluster = Settings::local(WorkerRange { min: range.min, max: range.max.max(1) });
    let economy =
        Economy { start_seconds: last.start_seconds, worker_hour: last.worker_hour, ..cluster.economy.clone() };
    let threads = tape.looks.last().map_or(cluster.threads, |look| look.threads.max(1));
    Ok(Work { trace, settings: settings(args, Settings { threads, economy, ..cluster }), shared: None })
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
        let mut tape = Tape::default();
        tape.take(word, rows.to_vec())?;
        replayed(word, &tape, None, args)
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
    fn a_range_that_a_limit_narrowed_is_replayed_as_it_was_made() {
        let narrowed = DecisionView { min: 1, max: 1, ..row(17, 8, 0) };
        let rows = [row(0, 0, 0), row(5, 0, 8), narrowed];
        let work = from_rows("etl", &rows, &args(&["--trace", "etl"])).unwrap();
        assert_eq!((work.settings.range.min, work.settings.range.max), (0, 4));
        let mut tape = Tape::default();
        tape.take("etl", rows.to_vec()).unwrap();
        let own = Some(WorkerRange { min: 1, max: 9 });
        let work = replayed("etl", &tape, own, &args(&["--trace", "etl"])).unwrap();
        assert_eq!((work.settings.range.min, work.settings.range.max), (0, 9), "it was narrow from the first look");
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
}
