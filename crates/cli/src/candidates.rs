//! What a shell offers where something is to be named: jobs, clusters, environments, profiles.
//!
//! Deliberately absent: starting anything. A Tab asks the server that runs, and does not wait long for it; where none
//! runs, nothing is offered.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use caddis_client::{Client, ClientError};
use caddis_core::profile;
use caddis_types::api::{ClusterPhase, ClusterView, JobView, Program};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::commands::job::phase_word;
use crate::home;

/// The longest that somebody who pressed Tab waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// Any job.
pub fn jobs() -> ArgValueCompleter {
    offered(async |client| Ok(client.jobs(false, 0).await?.iter().flat_map(of_job).collect()))
}

/// Jobs that can be cancelled.
pub fn active_jobs() -> ArgValueCompleter {
    offered(async |client| Ok(client.jobs(true, 0).await?.iter().flat_map(of_job).collect()))
}

/// Jobs that can be repeated.
pub fn ended_jobs() -> ArgValueCompleter {
    offered(async |client| {
        let jobs = client.jobs(false, 0).await?;
        Ok(jobs.iter().filter(|job| job.phase.is_final()).flat_map(of_job).collect())
    })
}

/// Any cluster.
pub fn clusters() -> ArgValueCompleter {
    offered(async |client| Ok(client.clusters(false, 0).await?.iter().flat_map(of_cluster).collect()))
}

/// Clusters that have not ended.
pub fn active_clusters() -> ArgValueCompleter {
    offered(async |client| Ok(client.clusters(true, 0).await?.iter().flat_map(of_cluster).collect()))
}

/// Clusters that jobs can be run on: those that outlive jobs, and are not being ended.
pub fn lasting_clusters() -> ArgValueCompleter {
    offered(async |client| {
        let clusters = client.clusters(true, 0).await?;
        let lasting = |cluster: &&ClusterView| cluster.job.is_none() && cluster.phase != ClusterPhase::Stopping;
        Ok(clusters.iter().filter(lasting).flat_map(of_cluster).collect())
    })
}

/// Any job or cluster.
pub fn jobs_and_clusters() -> ArgValueCompleter {
    offered(async |client| {
        let (jobs, clusters) = (client.jobs(false, 0).await?, client.clusters(false, 0).await?);
        Ok(jobs.iter().flat_map(of_job).chain(clusters.iter().flat_map(of_cluster)).collect())
    })
}

/// Python environments.
pub fn environments() -> ArgValueCompleter {
    offered(async |client| {
        let all = client.environments().await?.into_iter();
        Ok(all.map(|one| CompletionCandidate::new(one.id).help(Some(one.source.into()))).collect())
    })
}

/// Profiles.
pub fn profiles() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let all = profile::PROFILES.iter();
        begun(all.map(|one| CompletionCandidate::new(one.name).help(Some(one.about.into()))).collect(), current)
    })
}

/// A job's name, if it has one, and its id.
fn of_job(job: &JobView) -> Vec<CompletionCandidate> {
    let program = match &job.program {
        Program::Script(path) => path.rsplit('/').next().unwrap_or_default(),
        Program::Module(name) => name,
    };
    let about = format!("{program}, {}", phase_word(job.phase));
    both(job.name.as_deref(), job.id.as_str(), &about)
}

fn of_cluster(cluster: &ClusterView) -> Vec<CompletionCandidate> {
    let about = match &cluster.job {
        Some(job) => format!("{}, of {job}", phase_word(cluster.phase)),
        None => phase_word(cluster.phase),
    };
    both(cluster.name.as_deref(), cluster.id.as_str(), &about)
}

fn both(name: Option<&str>, id: &str, about: &str) -> Vec<CompletionCandidate> {
    let about = name.map_or_else(|| about.to_owned(), |name| format!("{name}: {about}"));
    name.into_iter().chain([id]).map(|word| CompletionCandidate::new(word).help(Some(about.clone().into()))).collect()
}

/// What the server that runs says; whatever goes wrong, nothing is offered.
fn offered(
    ask: impl AsyncFn(&Client) -> Result<Vec<CompletionCandidate>, ClientError> + Send + Sync + 'static,
) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let asked = async {
            let home = home::find(named_home(std::env::args_os()).as_deref(), variable).ok()?;
            let client = Client::connect(home.path()).await.ok()?;
            ask(&client).await.ok()
        };
        begun(within_patience(asked).unwrap_or_default(), current)
    })
}

fn within_patience<T>(asked: impl Future<Output = Option<T>>) -> Option<T> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    LocalSet::new().block_on(&runtime, async { timeout(PATIENCE, asked).await.ok().flatten() })
}

fn begun(mut all: Vec<CompletionCandidate>, current: &OsStr) -> Vec<CompletionCandidate> {
    let begins = |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(current.as_encoded_bytes());
    all.retain(begins);
    all
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The state folder that the line names, else the variable's.
fn named_home(words: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = words.map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = words.next() {
        if word == "--home" {
            return words.next().map(PathBuf::from);
        }
        if let Some(folder) = word.strip_prefix("--home=") {
            return Some(PathBuf::from(folder));
        }
    }
    variable("CADDIS_HOME").map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_before_the_variable() {
        let named = |line: &str| named_home(line.split(' ').map(OsString::from));
        assert_eq!(named("caddis -- caddis --home /x job show"), Some("/x".into()));
        assert_eq!(named("caddis -- caddis --home=/y job show"), Some("/y".into()));
    }

    #[test]
    fn only_what_begins_so_is_offered() {
        let words = |current: &str| {
            let found = profiles().complete(OsStr::new(current));
            found.iter().map(|one| one.get_value().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(words("s"), ["standard", "small"]);
        assert_eq!(words("thr"), ["throughput"]);
    }
}
