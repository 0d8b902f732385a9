//! The SQLite store: the embedded default, one file that nobody but its owner reads.
//!
//! How it works: one connection writes ([`writer`], batches under savepoints), a few read; the write-ahead log lets
//! them do so at the same time, and whoever reads after a commit was answered sees it. `open` refuses what is damaged,
//! foreign or newer before it writes a byte.
//!
//! Deliberately absent: a lock that keeps a second server out. The server locks the whole state folder; here a second
//! process would only be slow, never harmful, since every change compares generations.

mod apply;
mod costs;
mod decisions;
mod document;
mod fault;
mod open;
mod query;
mod record;
mod retention;
mod schema;
mod script;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use caddis_core::record::{ClusterRecord, DecisionRow, Fact, JobRecord, LedgerLine};
use caddis_engine::ports::{
    Change, ClusterFilter, CommitError, CostFilter, Costs, Document, JobFilter, Removed, Store, StoreError,
};
use caddis_types::api::EventView;
use caddis_types::{ClusterId, JobId, Timestamp};
pub use open::{Durability, SqliteOptions};
pub use schema::SCHEMA_VERSION;
use sqlx::query::QueryAs;
use sqlx::sqlite::SqliteArguments;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use crate::body::{LEDGER, VARIABLES};
use crate::trouble;
use apply::Prepared;
use record::{Found, Stored, read};
use writer::{Asked, Message, Order, Writer};

/// Orders that may wait for the writer before whoever asks waits to ask.
const QUEUE: usize = 1024;

/// Rows in a file.
#[derive(Debug)]
pub struct SqliteStore {
    path: Arc<Path>,
    readers: SqlitePool,
    writer: mpsc::Sender<Message>,
}

/// A question for ledger lines: their keys, the versions of their bodies, and these.
type Lines<'q> = QueryAs<'q, Sqlite, (String, i64, String), SqliteArguments>;

impl SqliteStore {
    /// Opens the file, making it when it is missing. Must be called on a Tokio runtime, where its writer then lives.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_with(path, SqliteOptions::default()).await
    }

    /// The same, with options.
    pub async fn open_with(path: &Path, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
        let (connection, how, readers) = open::open(path, options).await?;
        let path: Arc<Path> = path.into();
        let (writer, messages) = mpsc::channel(QUEUE);
        tokio::spawn(Writer::new(path.clone(), how, connection).run(messages));
        Ok(SqliteStore { path, readers, writer })
    }

    /// Writes what was asked for, moves the log into the file and closes it. Everything asked later fails.
    pub async fn close(&self) {
        // The writer last: the last one to close removes the log.
        self.readers.close().await;
        let (answer, closed) = oneshot::channel();
        if self.writer.send(Message::Close(answer)).await.is_ok() {
            // An error means that the writer is gone already, which is as good.
            let _ = closed.await;
        }
    }

    async fn write(&self, order: Order) -> Result<Removed, CommitError> {
        let (answer, outcome) = oneshot::channel();
        let closed = || CommitError::Store(fault::closed(&self.path));
        self.writer.send(Message::Write(Box::new(Asked { order, answer }))).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        fault::explain(&self.path, &error)
    }

    async fn lines(&self, query: Lines<'_>) -> Result<Vec<LedgerLine>, StoreError> {
        let rows = query.fetch_all(&self.readers).await.map_err(|error| self.explain(error))?;
        rows.into_iter().map(|(key, version, body)| LEDGER.read(&key, version, &body)).collect()
    }

    async fn one<R: Stored>(&self, id: &R::Id) -> Result<Option<R>, StoreError> {
        let query = sqlx::query_as(R::READ).bind(id.to_string());
        let row: Option<Found> = query.fetch_optional(&self.readers).await.map_err(|error| self.explain(error))?;
        row.map(read).transpose()
    }

    async fn of<R: Stored>(&self, ids: &[R::Id]) -> Result<Vec<R>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.list(query::of::<R>(ids)).await
    }

    async fn list<R: Stored>(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<R>, StoreError> {
        let rows: Result<Vec<Found>, _> = query.build_query_as().fetch_all(&self.readers).await;
        rows.map_err(|error| self.explain(error))?.into_iter().map(read).collect()
    }
}

/// The error of an order that compares nothing.
fn plain(error: CommitError) -> StoreError {
    match error {
        CommitError::Store(error) => error,
        other => StoreError { code: "failed", message: other.to_string(), hint: None },
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        self.one(id).await
    }

    async fn cluster(&self, id: &ClusterId) -> Result<Option<ClusterRecord>, StoreError> {
        self.one(id).await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        self.list(query::jobs(filter)).await
    }

    async fn clusters(&self, filter: &ClusterFilter) -> Result<Vec<ClusterRecord>, StoreError> {
        self.list(query::clusters(filter)).await
    }

    async fn jobs_of(&self, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
        self.of(ids).await
    }

    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<ClusterRecord>, StoreError> {
        self.of(ids).await
    }

    async fn variables(&self, subject: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let query = sqlx::query_as("SELECT body_version, body FROM variables WHERE subject = ?1").bind(subject);
        let row: Option<(i64, String)> =
            query.fetch_optional(&self.readers).await.map_err(|error| self.explain(error))?;
        row.map_or_else(|| Ok(BTreeMap::new()), |(version, body)| VARIABLES.read(subject, version, &body))
    }

    async fn commit(&self, change: Change) -> Result<(), CommitError> {
        self.write(Order::Commit(Box::new(Prepared::new(change)?))).await.map(|_| ())
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        document::one(&self.readers, kind, key).await.map_err(|error| self.explain(error))
    }

    async fn documents(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Result<Vec<Document>, StoreError> {
        document::list(&self.readers, kind, prefix, after, limit).await.map_err(|error| self.explain(error))
    }

    async fn newest_documents(
        &self,
        kind: &str,
        folder: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        document::newest(&self.readers, kind, folder, before, limit).await.map_err(|error| self.explain(error))
    }

    async fn costs(&self, filter: &CostFilter) -> Result<Costs, StoreError> {
        costs::costs(&self.readers, filter).await.map_err(|error| self.explain(error))?.read()
    }

    async fn ledger(&self, cluster: &ClusterId) -> Result<Vec<LedgerLine>, StoreError> {
        let sql = "SELECT key, body_version, body FROM ledger WHERE cluster = ?1 ORDER BY number";
        self.lines(sqlx::query_as(sql).bind(cluster.as_str())).await
    }

    async fn ledger_of_job(&self, cluster: &ClusterId, job: &JobId) -> Result<Vec<LedgerLine>, StoreError> {
        // A cluster that lives on has lines of many jobs: only those of this one are read as records. An id is nothing else's
        // text.
        let sql = "SELECT key, body_version, body FROM ledger WHERE cluster = ?1 AND instr(body, ?2) > 0 ORDER BY number";
        self.lines(sqlx::query_as(sql).bind(cluster.as_str()).bind(job.as_str())).await
    }

    async fn events(&self, after: i64, subject: Option<&str>, limit: u32) -> Result<Vec<EventView>, StoreError> {
        // A negative limit is none.
        let limit = if limit == 0 { -1 } else { i64::from(limit) };
        let query = match subject {
            None => sqlx::query_as("SELECT seq, at, subject, kind, message FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")
                .bind(after)
                .bind(limit),
            Some(subject) => sqlx::query_as(
                "SELECT seq, at, subject, kind, message FROM events WHERE subject = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2",
            )
            .bind(after)
            .bind(limit)
            .bind(subject),
        };
        let rows: Vec<(i64, i64, String, String, String)> =
            query.fetch_all(&self.readers).await.map_err(|error| self.explain(error))?;
        let event = |(seq, at, subject, kind, message)| EventView { seq, at: Timestamp(at), subject, kind, message };
        Ok(rows.into_iter().map(event).collect())
    }

    async fn decisions(&self, cluster: &ClusterId, after: Timestamp, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        decisions::after(cluster, after, limit, &self.readers).await.map_err(|error| self.explain(error))?
    }

    async fn learned(&self, key: &str) -> Result<Option<Fact>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM learned WHERE key = ?1").bind(key);
        let body: Option<String> = query.fetch_optional(&self.readers).await.map_err(|error| self.explain(error))?;
        let read = |body: String| serde_json::from_str(&body).map_err(|error| trouble::unreadable("fact", key, &error));
        body.map(read).transpose()
    }

    async fn remove_ended(&self, before: Timestamp) -> Result<Removed, StoreError> {
        self.write(Order::Remove { before: before.0 }).await.map_err(plain)
    }

    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM settings WHERE key = ?1").bind(key);
        query.fetch_optional(&self.readers).await.map_err(|error| self.explain(error))
    }

    async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let order = Order::Set { key: key.to_owned(), value: value.to_owned() };
        self.write(order).await.map(|_| ()).map_err(plain)
    }
}
