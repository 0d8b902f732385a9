//! What the SQLite store costs: `cargo run --release -p caddis-store --example measure [FOLDER]`.
//!
//! Prints, for both durabilities, the times of one commit alone, of 200 submissions at once, of reads and lists in a
//! file with many old rows, of retention, and what an idle store keeps resident.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use caddis_engine::ports::{Change, ClusterFilter, JobFilter, Store};
use caddis_store::SqliteStore;
use caddis_store::sqlite::{Durability, SqliteOptions};

#[path = "../tests/store/support.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod support;
use support::{at, cluster, cluster_for, cluster_id, ended, ended_cluster, event, job, job_id, line, on_cluster, variables};

const OLD: u64 = 20_000;
const AT_ONCE: u64 = 200;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    for durability in [Durability::Process, Durability::Power] {
        println!("{durability:?}");
        measure(&folder.path().join(format!("{durability:?}.db")), durability).await?;
    }
    Ok(())
}

async fn measure(path: &Path, durability: Durability) -> Result<(), Failed> {
    let options = SqliteOptions { durability, ..SqliteOptions::default() };
    let begun = Instant::now();
    let store = Arc::new(SqliteStore::open_with(path, options).await?);
    println!("  open, new file            {:>9.3?}", begun.elapsed());
    commits(&store).await?;
    at_once(&store).await?;
    fill(&store).await?;
    reads(&store).await?;
    println!("  resident                  {:>6} KiB", resident_kib()?);
    let begun = Instant::now();
    let removed = store.remove_ended(at(OLD * 10)).await?;
    println!("  remove {} jobs, {} clusters {:>9.3?}", removed.jobs.len(), removed.clusters.len(), begun.elapsed());
    store.close().await;
    let begun = Instant::now();
    SqliteStore::open_with(path, options).await?.close().await;
    println!("  open and close again      {:>9.3?}", begun.elapsed());
    Ok(())
}

fn submission(number: u64) -> Change {
    let id = job_id(number).to_string();
    Change {
        jobs: vec![job(number)],
        variables: vec![(id.clone(), variables(&[("MODE", "fast")]))],
        events: vec![event(&id, "job.submitted")],
        request: Some(("ada".to_owned(), id, job_id(number))),
        ..Change::default()
    }
}

async fn commits(store: &SqliteStore) -> Result<(), Failed> {
    let mut times = Vec::new();
    for number in 1..=1000 {
        let begun = Instant::now();
        store.commit(submission(number)).await?;
        times.push(begun.elapsed());
    }
    show("one submission alone", times);
    store.commit(Change { clusters: vec![cluster(1)], ..Change::default() }).await?;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let record = store.cluster(&cluster_id(1)).await?.ok_or("it is there")?;
        let events = vec![event("cl_0000000000000001", "cluster.grows")];
        let begun = Instant::now();
        store.commit(Change { clusters: vec![record], events, ..Change::default() }).await?;
        times.push(begun.elapsed());
    }
    show("one cluster of 10 changed", times);
    Ok(())
}

async fn at_once(store: &Arc<SqliteStore>) -> Result<(), Failed> {
    let mut times = Vec::new();
    for round in 0..10 {
        let first = 2000 + round * AT_ONCE;
        let tasks: Vec<_> = (first..first + AT_ONCE)
            .map(|number| {
                let (store, change, begun) = (store.clone(), submission(number), Instant::now());
                tokio::spawn(async move { store.commit(change).await.map(|()| begun.elapsed()) })
            })
            .collect();
        for task in tasks {
            times.push(task.await??);
        }
    }
    show("200 submissions at once", times);
    Ok(())
}

async fn fill(store: &SqliteStore) -> Result<(), Failed> {
    let begun = Instant::now();
    for hundred in 0..OLD / 100 {
        let numbers = || (10_000 + hundred * 100..).take(100);
        let change = Change {
            jobs: numbers().map(|n| ended(on_cluster(job(n), n), n)).collect(),
            clusters: numbers().map(|n| ended_cluster(cluster_for(n, n), n)).collect(),
            ledger: numbers().flat_map(|n| (0..3).map(move |m| line(n, &m.to_string()))).collect(),
            events: numbers().flat_map(|n| (0..8).map(move |_| event(job_id(n).as_str(), "job.x"))).collect(),
            ..Change::default()
        };
        store.commit(change).await?;
    }
    println!("  fill with {OLD} old jobs   {:>9.3?}", begun.elapsed());
    Ok(())
}

async fn reads(store: &SqliteStore) -> Result<(), Failed> {
    let (mut jobs, mut clusters, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for number in (10_000..10_000 + OLD).step_by(20) {
        let begun = Instant::now();
        store.job(&job_id(number)).await?.ok_or("it is there")?;
        jobs.push(begun.elapsed());
        let begun = Instant::now();
        store.cluster(&cluster_id(number)).await?.ok_or("it is there")?;
        clusters.push(begun.elapsed());
        let begun = Instant::now();
        store.events(0, Some(job_id(number).as_str()), 100).await?;
        events.push(begun.elapsed());
    }
    show("read a job", jobs);
    show("read a cluster of 10", clusters);
    show("events of one job", events);
    lists(store).await
}

async fn lists(store: &SqliteStore) -> Result<(), Failed> {
    let active = JobFilter { active: true, ..JobFilter::default() };
    let newest = JobFilter { owner: Some("ada".to_owned()), limit: 1, ..JobFilter::default() };
    let on = JobFilter { active: true, cluster: Some(cluster_id(1)), ..JobFilter::default() };
    let living = ClusterFilter { active: true, ..ClusterFilter::default() };
    let (mut all, mut one, mut some, mut pool) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..50 {
        let begun = Instant::now();
        let found = store.jobs(&active).await?.len();
        assert_eq!(found, 1000 + 10 * AT_ONCE as usize, "all that were submitted above");
        all.push(begun.elapsed());
    }
    for _ in 0..1000 {
        let begun = Instant::now();
        store.jobs(&newest).await?;
        one.push(begun.elapsed());
        let begun = Instant::now();
        store.jobs(&on).await?;
        some.push(begun.elapsed());
        let begun = Instant::now();
        store.clusters(&living).await?;
        pool.push(begun.elapsed());
    }
    show("3000 active jobs of 23000", all);
    show("an owner's newest job", one);
    show("active jobs on a cluster", some);
    show("active clusters (1)", pool);
    Ok(())
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!("  {what:<25} p50 {:>9.3?}  p99 {:>9.3?}  max {:>9.3?}", at(0.5), at(0.99), at(1.0));
}

fn resident_kib() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("Linux says how much")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
