//! What decisions take in the file: every look at a cluster that works is kept.

use std::fs;
use std::path::Path;

use caddis_core::autoscale::{Memory, Signals};
use caddis_core::record::DecisionRow;
use caddis_engine::ports::{Change, Store};
use caddis_store::SqliteStore;
use caddis_types::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::support::{at, cluster_id, decision};

async fn by_hand(file: &Path, sql: &str) -> i64 {
    let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let said = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    said.unwrap_or_default()
}

/// An hour of looks at a cluster that works, a second apart, with figures as they move in life.
fn hour() -> Vec<DecisionRow> {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut signals = Signals { threads: 2, ready: 8, idle: Some(0), closable: Some(0), clients: 1, ..Signals::default() };
    let digits = |value: f64| (value * 10_000.0).round() / 10_000.0;
    let look = |second: u64| {
        signals.at = Timestamp(at(second).0 + dice.random_range(0..900_000));
        signals.processing = dice.random_range(16..40);
        signals.executing = dice.random_range(12..=16);
        signals.queued = dice.random_range(0..5000);
        signals.waiting = dice.random_range(0..900);
        signals.done += dice.random_range(0..60);
        signals.done_seconds = digits(signals.done_seconds + dice.random_range(0.0..16.0));
        signals.occupancy = digits(dice.random_range(5.0..90.0));
        signals.queued_seconds = digits(signals.queued as f64 * dice.random_range(1.0..1.2));
        signals.waiting_seconds = digits(signals.waiting as f64 * 0.731);
        signals.running_longest = digits(dice.random_range(0.0..20.0));
        (signals.memory, signals.memory_fullest) = (digits(dice.random_range(0.2..0.7)), digits(dice.random_range(0.7..0.9)));
        signals.cpu = digits(dice.random_range(0.4..1.0));
        signals.data_bytes = dice.random_range(0..9_000_000_000);
        let at = Timestamp(signals.at.0 + dice.random_range(0..50_000));
        let memory = Memory { grew_at: Some(Timestamp(3)), again: 2, ..Memory::default() };
        DecisionRow { at, signals: signals.clone(), start_seconds: 0.321, memory, ..decision(1, second) }
    };
    (0..3600).map(look).collect()
}

#[tokio::test]
async fn an_hour_of_looks_at_a_busy_cluster_takes_little_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let rows = hour();
    for row in &rows {
        store.commit(Change { decisions: vec![row.clone()], ..Change::default() }).await.unwrap();
    }
    assert_eq!(store.decisions(&cluster_id(1), Timestamp(0), 0).await.unwrap(), rows);
    store.close().await;
    let (bytes, plain) = (fs::metadata(&file).unwrap().len(), rows.iter().map(|row| row.body().to_string().len()).sum::<usize>());
    assert!(bytes < 650_000, "{bytes} bytes, {plain} before they were packed");
}

#[tokio::test]
async fn rows_of_before_there_were_packs_become_packs_of_the_usual_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    SqliteStore::open(&file).await.unwrap().close().await;
    let (cluster, body) = (cluster_id(1), decision(1, 5).body());
    let rows = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300) \
         INSERT INTO decisions (cluster, at, body) SELECT '{cluster}', n, '{body}' FROM n RETURNING number"
    );
    by_hand(&file, &rows).await;
    let store = SqliteStore::open(&file).await.unwrap();
    store.commit(Change { decisions: vec![decision(1, 900)], ..Change::default() }).await.unwrap();
    let read = store.decisions(&cluster, Timestamp(0), 0).await.unwrap();
    assert_eq!(read.iter().map(|row| row.at.0).collect::<Vec<_>>(), (1..=300).chain([at(900).0]).collect::<Vec<_>>());
    store.close().await;
    assert_eq!(by_hand(&file, "SELECT count(*) FROM decision_packs").await, 4);
    assert_eq!(by_hand(&file, "SELECT count(*) FROM decisions").await, 301 - 4 * 64);
}

#[tokio::test]
async fn a_pack_that_cannot_be_read_is_told_and_keeps_nothing_else_from_going() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for number in [1, 2] {
        let decisions = (1..=64).map(|second| decision(number, second)).collect();
        store.commit(Change { decisions, ..Change::default() }).await.unwrap();
    }
    store.close().await;
    let broken = format!("UPDATE decision_packs SET body = x'00' WHERE cluster = '{}' RETURNING number", cluster_id(1));
    by_hand(&file, &broken).await;
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.decisions(&cluster_id(1), Timestamp(0), 0).await.unwrap_err().code, "corrupt");
    store.remove_ended(at(30)).await.unwrap();
    assert_eq!(store.decisions(&cluster_id(2), Timestamp(0), 0).await.unwrap().len(), 35);
    store.remove_ended(at(65)).await.unwrap();
    assert_eq!(store.decisions(&cluster_id(1), Timestamp(0), 0).await.unwrap(), [], "when all of it is old it goes");
}
