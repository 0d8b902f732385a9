//! One connection to a scheduler: JSON lines both ways.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caddis_types::ClusterId;
use caddis_types::dask::DaskSnapshot;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

use super::links::Links;

/// Longest line that is read; a snapshot of 10,000 workers has about 3 MB.
const LINE_MAX: u64 = 16 << 20;

/// What a scheduler says: exactly one of these in a line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Option<u64>,
    ok: Option<Value>,
    snapshot: Option<DaskSnapshot>,
    event: Option<Value>,
}

#[derive(Default)]
struct Pending {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Option<Value>>>,
}

/// The server's end. Clones share it.
#[derive(Clone)]
pub(super) struct Connection {
    writer: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    pending: Arc<Mutex<Pending>>,
}

impl Connection {
    pub(super) fn open(stream: UnixStream) -> (Connection, OwnedReadHalf) {
        let (reader, writer) = stream.into_split();
        let connection = Connection { writer: Arc::new(tokio::sync::Mutex::new(writer)), pending: Arc::default() };
        (connection, reader)
    }

    /// Reads until the scheduler goes.
    pub(super) async fn read(&self, reader: OwnedReadHalf, links: &Links, cluster: &ClusterId) {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut reader).take(LINE_MAX).read_until(b'\n', &mut line).await {
                Ok(n) if n > 0 && line.ends_with(b"\n") => self.heard(&line, links, cluster),
                _ => break,
            }
        }
        self.lock().waiting.clear();
    }

    fn heard(&self, line: &[u8], links: &Links, cluster: &ClusterId) {
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) => {
                tracing::warn!(cluster.id = %cluster, error = %error, "a scheduler said something that is not understood");
                return;
            }
        };
        if let Some(id) = line.id {
            if let Some(waiting) = self.lock().waiting.remove(&id) {
                // Whoever asked may have stopped waiting.
                let _ = waiting.send(line.ok);
            }
        } else if let Some(snapshot) = line.snapshot {
            links.told(cluster, snapshot);
        } else if line.event.is_some() {
            links.event(cluster);
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, question: Value, patience: Duration) -> Option<Value> {
        let (sender, receiver) = oneshot::channel();
        if !self.send(question, Some(sender)).await {
            return None;
        }
        tokio::time::timeout(patience, receiver).await.ok()?.ok()?
    }

    /// Says, without waiting for an answer; whether it was written.
    pub(super) async fn tell(&self, message: Value) -> bool {
        self.send(message, None).await
    }

    async fn send(&self, mut message: Value, answer: Option<oneshot::Sender<Option<Value>>>) -> bool {
        let id = {
            let mut pending = self.lock();
            pending.next += 1;
            let id = pending.next;
            if let Some(answer) = answer {
                pending.waiting.insert(id, answer);
            }
            id
        };
        message["id"] = id.into();
        let mut text = message.to_string();
        text.push('\n');
        self.writer.lock().await.write_all(text.as_bytes()).await.is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
