//! `kill -9` of a process that commits: what was acknowledged is there, and nothing is there by half.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caddis_core::record::JobRecord;
use caddis_engine::ports::{Change, JobFilter, Store};
use caddis_store::SqliteStore;
use caddis_types::Timestamp;
use sqlx::Connection;
use tokio::task::JoinSet;

use crate::child;
use crate::support::{cluster_for, cluster_id, decision, document, event, job, job_id, learned, line, named, variables};

/// Who commits at one time, so that changes share transactions.
const COMMITTERS: u64 = 4;

/// Everything a change can hold, all of it findable from the number.
fn change(number: u64) -> Change {
    let (job, cluster) = (job_id(number).to_string(), cluster_id(number).to_string());
    Change {
        jobs: vec![named(number, &format!("n{number}"))],
        clusters: vec![cluster_for(number, number)],
        variables: vec![(job.clone(), variables(&[("A", "1")])), (cluster.clone(), variables(&[("B", "2")]))],
        ledger: vec![line(number, "scheduler"), line(number, "worker-1")],
        events: vec![event(&job, "job.submitted"), event(&cluster, "cluster.created")],
        decisions: vec![decision(number, number)],
        learned: vec![learned(&number.to_string(), number)],
        request: Some(("ada".to_owned(), number.to_string(), job_id(number))),
        documents: vec![document(&number.to_string())],
    }
}

/// The child: commits new changes, and changes a record of its own again and again, until it is killed.
pub(crate) async fn commit_for_ever(file: &Path) {
    let store = Arc::new(SqliteStore::open(file).await.expect("what a kill left can be opened"));
    let newest = store.jobs(&JobFilter { limit: 1, ..JobFilter::default() }).await.expect("it can be read");
    let first = newest.first().map_or(1, |job| number_of(job) + 1);
    let next = Arc::new(AtomicU64::new(first));
    let mut committers = JoinSet::new();
    for _ in 0..COMMITTERS {
        committers.spawn(commit_one_after_another(store.clone(), next.clone()));
    }
    committers.join_all().await;
}

async fn commit_one_after_another(store: Arc<SqliteStore>, next: Arc<AtomicU64>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        store.commit(change(number)).await.expect("a new change goes in");
        child::tell(&number.to_string());
        let again = JobRecord { generation: 1, notices: vec!["again".to_owned()], ..job(number) };
        store.commit(Change { jobs: vec![again], ..Change::default() }).await.expect("nobody else changes it");
        child::tell(&format!("{number} again"));
    }
}

fn number_of(job: &JobRecord) -> u64 {
    job.id.as_str().trim_start_matches("job_").parse().expect("ids here are numbers")
}

/// Starts the child, kills it after it acknowledged so many commits, and answers all that it acknowledged.
fn commit_and_kill(file: &Path, after: usize) -> Vec<String> {
    let mut child = child::command("commit", file).stdout(Stdio::piped()).spawn().expect("this binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    let mut told = Vec::new();
    let mut killed = false;
    // After the kill, the pipe still holds what was acknowledged before it.
    while let Some(Ok(line)) = lines.next() {
        told.extend(line.strip_prefix("told: ").map(str::to_owned));
        if told.len() == after && !killed {
            child.kill().expect("it is our child");
            killed = true;
        }
    }
    child.wait().expect("it is our child");
    assert!(killed, "it ended by itself after {} commits", told.len());
    told
}

async fn check(file: &Path, told: &[String]) {
    let store = SqliteStore::open(file).await.expect("what a kill left can be opened");
    for line in told {
        let (number, again) = line.split_once(' ').map_or((line.as_str(), false), |(number, _)| (number, true));
        let id = job_id(number.parse().expect("a number was told"));
        let job = store.job(&id).await.unwrap().unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        assert!(!again || job.generation == 2, "the second commit of {id} was acknowledged and is gone");
    }
    let jobs = store.jobs(&JobFilter::default()).await.unwrap();
    for job in &jobs {
        whole(&store, job).await;
    }
    let events = store.events(0, None, 0).await.unwrap();
    assert_eq!(events.len(), 2 * jobs.len());
    assert!(events.iter().zip(1..).all(|(event, number)| event.seq == number), "numbers have no gaps");
    assert_eq!(store.clusters(&Default::default()).await.unwrap().len(), jobs.len());
    store.close().await;
    let mut connection = sqlx::SqliteConnection::connect(file.to_str().expect("it is text")).await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(sound, "ok");
}

/// A job is there only with all that came with it.
async fn whole(store: &SqliteStore, job: &JobRecord) {
    let number = number_of(job);
    let cluster = cluster_id(number);
    assert!(store.cluster(&cluster).await.unwrap().is_some(), "{number} is there by half: its cluster");
    let document = store.document("face.thing", &number.to_string()).await.unwrap();
    assert!(document.is_some(), "{number} is there by half: its document");
    assert_eq!(store.ledger(&cluster).await.unwrap().len(), 2, "{number} is there by half: its ledger lines");
    assert_eq!(store.decisions(&cluster, Timestamp(0), 0).await.unwrap().len(), 1, "{number} is there by half: its decision");
    assert!(store.learned(&number.to_string()).await.unwrap().is_some(), "{number} is there by half: what it learned");
    for subject in [job.id.as_str(), cluster.as_str()] {
        assert_eq!(store.variables(subject).await.unwrap().len(), 1, "{subject} is there by half: its variables");
        assert_eq!(store.events(0, Some(subject), 0).await.unwrap().len(), 1, "{subject} is there by half: its event");
    }
    let repeated = store.commit(change(number)).await;
    assert!(matches!(repeated, Err(caddis_engine::ports::CommitError::Repeated(first)) if first == job.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_nothing_and_halves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("state.db");
    // The first round kills a child right after it made the file; later ones around checkpoints of the log.
    for after in [1, 2, 3, 17, 60, 211, 450, 90] {
        let path = file.clone();
        let told = tokio::task::spawn_blocking(move || commit_and_kill(&path, after)).await.expect("it does not panic");
        assert!(told.len() >= after);
        check(&file, &told).await;
    }
}
