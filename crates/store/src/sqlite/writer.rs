//! The one writer: a task with a connection of its own, that takes everything that waits into one transaction.
//!
//! Why a task: SQLite has one writer at a time anyhow; whoever asks may stop waiting at any moment without leaving
//! half a transaction behind; and when two hundred ask at once they share the cost of a commit.
//!
//! What always holds: an answer is sent after its transaction ended; each order is whole or not at all, under a
//! savepoint of its own where that takes one; a connection on which SQLite failed is thrown away, and with it whatever it had begun.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caddis_engine::ports::{CommitError, Removed, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::apply::{Failure, Prepared};
use super::fault::explain;
use super::retention;

/// Orders in one transaction at most.
const BATCH: usize = 256;

/// Moving the log into the file waits for the disk, several milliseconds: it is done in a pause of this length, so
/// that no commit of a cluster's start waits for it, once there are so many orders that it is worth it.
const PAUSE: Duration = Duration::from_millis(200);
const WORTH_MOVING: usize = 100;

/// What is written.
#[derive(Debug)]
pub(super) enum Order {
    /// A change.
    Commit(Box<Prepared>),
    /// A setting.
    Set { key: String, value: String },
    /// Removes what ended before.
    Remove { before: i64 },
}

impl Order {
    fn may_end_half_way(&self) -> bool {
        match self {
            Order::Commit(change) => change.may_end_half_way(),
            Order::Set { .. } => false,
            Order::Remove { .. } => true,
        }
    }
}

/// An order, and who waits for it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<Result<Removed, CommitError>>,
}

/// What the writer is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Write.
    Write(Box<Asked>),
    /// Close the connection, then say so.
    Close(oneshot::Sender<()>),
}

/// The task's state.
pub(super) struct Writer {
    path: Arc<Path>,
    how: SqliteConnectOptions,
    /// Absent after SQLite failed; made anew when it is needed.
    connection: Option<SqliteConnection>,
    /// Orders written since the log was last moved into the file.
    in_log: usize,
}

type Outcome = Result<Removed, CommitError>;

impl Writer {
    pub(super) fn new(path: Arc<Path>, how: SqliteConnectOptions, connection: SqliteConnection) -> Writer {
        Writer { path, how, connection: Some(connection), in_log: 0 }
    }

    /// Serves until it is told to close, or nobody can ask any more.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut waiting = Vec::new();
        while self.receive(&mut messages, &mut waiting).await > 0 {
            let mut batch = Vec::new();
            let mut closing = None;
            for message in waiting.drain(..) {
                match message {
                    // What comes after a close is dropped, and who asked hears that the store was closed.
                    Message::Write(asked) if closing.is_none() => batch.push(*asked),
                    Message::Write(_) => {}
                    Message::Close(answer) => closing = Some(answer),
                }
            }
            self.serve(batch).await;
            if let Some(answer) = closing {
                messages.close();
                self.close().await;
                // Who asked for it may have stopped waiting.
                let _ = answer.send(());
                return;
            }
        }
        self.close().await;
    }

    /// Waits for messages, and uses a pause to move the log into the file.
    async fn receive(&mut self, messages: &mut mpsc::Receiver<Message>, waiting: &mut Vec<Message>) -> usize {
        if self.in_log >= WORTH_MOVING {
            match timeout(PAUSE, messages.recv_many(waiting, BATCH)).await {
                Ok(count) => return count,
                Err(_) => self.move_log().await,
            }
        }
        messages.recv_many(waiting, BATCH).await
    }

    /// What cannot be moved now stays in the log, where it is as safe; SQLite moves it later, at the latest when the
    /// log has grown to the length that `open` sets.
    async fn move_log(&mut self) {
        self.in_log = 0;
        if let Some(connection) = &mut self.connection
            && let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await
        {
            tracing::debug!(file = %self.path.display(), %error, "the log was not moved into the state file");
            self.connection = None;
        }
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::info!(file = %self.path.display(), %error, "the state file could not be closed in order");
        }
    }

    async fn serve(&mut self, batch: Vec<Asked>) {
        if batch.is_empty() {
            return;
        }
        let orders: Vec<_> = batch.iter().map(|asked| &asked.order).collect();
        match self.transaction(&orders).await {
            Ok(outcomes) => batch.into_iter().zip(outcomes).for_each(|(asked, outcome)| answer(asked, outcome)),
            // One of them may be what SQLite cannot do: the others are not to suffer for it.
            Err(Ended::Before(_)) if batch.len() > 1 => {
                for asked in batch {
                    Box::pin(self.serve(vec![asked])).await;
                }
            }
            Err(Ended::Before(error) | Ended::AtTheEnd(error)) => {
                batch.into_iter().for_each(|asked| answer(asked, Err(error.clone().into())));
            }
        }
    }

    /// All orders in one transaction; each has its own outcome, unless SQLite failed.
    async fn transaction(&mut self, orders: &[&Order]) -> Result<Vec<Outcome>, Ended> {
        // Taken out, so that every way out but the good one drops it.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.how.connect().await.map_err(|error| Ended::Before(explain(&self.path, &error)))?,
        };
        let outcomes = fill(&mut connection, orders).await.map_err(|error| Ended::Before(explain(&self.path, &error)))?;
        let ended = sqlx::query("COMMIT").execute(&mut connection).await;
        ended.map_err(|error| Ended::AtTheEnd(explain(&self.path, &error)))?;
        self.connection = Some(connection);
        self.in_log += orders.len();
        Ok(outcomes)
    }
}

/// Where SQLite failed.
enum Ended {
    /// Before the transaction was to be made good: nothing was written.
    Before(StoreError),
    /// While it was: it may have been written, so it is not tried again.
    AtTheEnd(StoreError),
}

fn answer(asked: Asked, outcome: Outcome) {
    // Who asked may have stopped waiting; what was written stays written.
    let _ = asked.answer.send(outcome);
}

async fn fill(connection: &mut SqliteConnection, orders: &[&Order]) -> Result<Vec<Outcome>, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let mut outcomes = Vec::with_capacity(orders.len());
    for order in orders {
        match fill_one(connection, order).await {
            Ok(removed) => outcomes.push(Ok(removed)),
            Err(Failure::Refused(error)) => outcomes.push(Err(error)),
            Err(Failure::Broken(error)) => return Err(error),
        }
    }
    Ok(outcomes)
}

async fn fill_one(connection: &mut SqliteConnection, order: &Order) -> Result<Removed, Failure> {
    if !order.may_end_half_way() {
        return write(order, connection).await;
    }
    sqlx::query("SAVEPOINT one").execute(&mut *connection).await?;
    let outcome = write(order, connection).await;
    match &outcome {
        Ok(_) => {}
        Err(Failure::Refused(_)) => {
            sqlx::query("ROLLBACK TO one").execute(&mut *connection).await?;
        }
        Err(Failure::Broken(_)) => return outcome,
    }
    sqlx::query("RELEASE one").execute(&mut *connection).await?;
    outcome
}

async fn write(order: &Order, connection: &mut SqliteConnection) -> Result<Removed, Failure> {
    match order {
        Order::Commit(change) => change.apply(connection).await.map(|()| Removed::default()),
        Order::Remove { before } => retention::remove_ended(*before, connection).await,
        Order::Set { key, value } => {
            let query = sqlx::query("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)").bind(key).bind(value);
            query.execute(connection).await?;
            Ok(Removed::default())
        }
    }
}
