//! What adding up the ledger costs: `cargo run --release -p caddis-store --example costs [LINES] [FOLDER]`.
//!
//! Fills a state file with a million lines (30 owners, 100,000 clusters over 90 days), then prints how long a report takes
//! by each thing it may be grouped by, over all of it and over the last week, and how large the file is.

use std::collections::BTreeMap;
use std::time::Instant;

use caddis_core::ledger::report;
use caddis_core::record::{LedgerKind, LedgerLine};
use caddis_engine::ports::{Change, CostFilter, Store};
use caddis_store::SqliteStore;
use caddis_types::api::CostBy;
use caddis_types::{NanoDollars, Timestamp};

#[path = "../tests/store/support.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod support;
use support::{cluster_id, job_id, line};

const DAYS: i64 = 90;
const DAY: i64 = 86_400_000_000;
const BEGIN: i64 = 1_780_000_000_000_000 / DAY * DAY;

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let lines: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let path = folder.path().join("state.db");
    let store = SqliteStore::open(&path).await?;
    let begun = Instant::now();
    fill(&store, lines).await?;
    println!("{lines} lines written in {:.1?}, {:.0} MB", begun.elapsed(), size(&path)? as f64 / 1e6);
    let all = (Timestamp(BEGIN), Timestamp(BEGIN + (DAYS + 2) * DAY));
    let week = (Timestamp(BEGIN + (DAYS - 7) * DAY + 1), Timestamp(BEGIN + DAYS * DAY - 1));
    for (what, (since, until)) in [("all of it", all), ("the last week", week)] {
        println!("{what}");
        for by in CostBy::ALL {
            for owner in [None, Some("user-07".to_owned())] {
                measure(&store, CostFilter { owner, since, until, by: *by, tag: Some("team".to_owned()) }).await?;
            }
        }
    }
    store.close().await;
    Ok(())
}

async fn measure(store: &SqliteStore, filter: CostFilter) -> Result<(), Failed> {
    let mut times = Vec::new();
    let (mut groups, mut lines) = (0, 0);
    for _ in 0..5 {
        let begun = Instant::now();
        let costs = store.costs(&filter).await?;
        lines = costs.sums.iter().map(|sum| sum.lines).sum::<u64>() + costs.edges.len() as u64;
        groups = report::groups(costs.sums, filter.by).0.len();
        times.push(begun.elapsed());
    }
    times.sort();
    let whose = filter.owner.as_deref().unwrap_or("everybody");
    let by = filter.by.as_str();
    println!("  by {by:<8} {whose:<10} {lines:>8} lines, {groups:>6} groups  p50 {:>9.3?}  max {:>9.3?}", times[2], times[4]);
    Ok(())
}

async fn fill(store: &SqliteStore, lines: u64) -> Result<(), Failed> {
    for thousand in 0..lines / 1000 {
        let ledger = (0..1000).map(|n| one(thousand * 1000 + n, lines)).collect();
        store.commit(Change { ledger, ..Change::default() }).await?;
    }
    Ok(())
}

/// Ten lines a cluster: its scheduler and its workers.
fn one(number: u64, of: u64) -> LedgerLine {
    let cluster = number / 10;
    let within = (number as i128 * i128::from(DAYS * DAY) / i128::from(of)) as i64;
    let started_at = Timestamp(BEGIN + within);
    LedgerLine {
        owner: format!("user-{:02}", cluster % 30),
        cluster: cluster_id(cluster),
        job: Some(job_id(cluster)),
        tags: BTreeMap::from([("team".to_owned(), format!("team-{}", cluster % 5))]),
        kind: if number.is_multiple_of(10) { LedgerKind::Scheduler } else { LedgerKind::Worker },
        preemptible: number % 10 > 2,
        idle: cluster.is_multiple_of(9),
        started_at,
        ended_at: Timestamp(started_at.0 + 1_800_000_000).min(Timestamp(started_at.next_day().0)),
        cost: NanoDollars(117_118_000),
        ..line(cluster, &format!("worker-{:04}.1", number % 10))
    }
}

fn size(path: &std::path::Path) -> Result<u64, Failed> {
    let beside = |suffix: &str| std::fs::metadata(format!("{}{suffix}", path.display())).map_or(0, |found| found.len());
    Ok(std::fs::metadata(path)?.len() + beside("-wal"))
}
