//! Listening for schedulers: one Unix socket a cluster, in its 0700 run folder.
//!
//! What always holds: a link that is down answers nothing rather than something old. A new server binds the sockets of
//! living clusters anew, and schedulers come back by themselves.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use caddis_core::record::Leaving;
use caddis_engine::ports::DaskApi;
use caddis_engine::{Key, Queue};
use caddis_types::ClusterId;
use caddis_types::dask::DaskSnapshot;
use serde_json::json;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::connection::Connection;

/// How long a scheduler may take over a question; its loop may be busy with a large graph.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between attempts to accept, when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How long the end of a job waits for the scheduler's figures.
const REFRESHING: Duration = Duration::from_secs(1);

/// How long a scheduler that is to close may take over its last word.
const CLOSING: Duration = Duration::from_secs(1);

/// The links of all living clusters. Clones share them.
#[derive(Clone)]
pub struct Links {
    state: Arc<Mutex<HashMap<ClusterId, Link>>>,
    queue: Queue,
}

struct Link {
    listener: JoinHandle<()>,
    connection: Option<Connection>,
    last: Option<DaskSnapshot>,
    /// The scheduler was asked to close, and `last` is its last word.
    closing: bool,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Links {
    /// No links yet; `queue` is woken when a scheduler tells of a change.
    pub fn new(queue: Queue) -> Links {
        Links { state: Arc::default(), queue }
    }

    /// Listens for the scheduler of `cluster` at `socket`, unless it does already.
    pub fn listen(&self, cluster: &ClusterId, socket: &Path) -> io::Result<()> {
        // One look and one binding at a time: a second one would unlink the socket of the first.
        let mut links = self.lock();
        if links.contains_key(cluster) {
            return Ok(());
        }
        let listener = bind(socket)?;
        let task = tokio::spawn(accept(self.clone(), cluster.clone(), listener));
        links.insert(cluster.clone(), Link { listener: task, connection: None, last: None, closing: false });
        Ok(())
    }

    /// Stops listening.
    pub fn forget(&self, cluster: &ClusterId) {
        self.lock().remove(cluster);
    }

    pub(super) fn told(&self, cluster: &ClusterId, snapshot: DaskSnapshot) {
        let mut links = self.lock();
        let Some(link) = links.get_mut(cluster) else { return };
        let changed = link.last.as_ref().is_none_or(|last| matters(last) != matters(&snapshot));
        link.last = Some(snapshot);
        drop(links);
        if changed {
            self.event(cluster);
        }
    }

    pub(super) fn event(&self, cluster: &ClusterId) {
        self.queue.wake(Key::Cluster(cluster.clone()));
    }

    fn connected(&self, cluster: &ClusterId, connection: Connection) {
        if let Some(link) = self.lock().get_mut(cluster) {
            link.connection = Some(connection);
        }
    }

    fn disconnected(&self, cluster: &ClusterId) {
        if let Some(link) = self.lock().get_mut(cluster) {
            link.connection = None;
            // Whoever comes back tells anew before he is believed.
            link.last.take_if(|_| !link.closing);
        }
    }

    fn connection(&self, cluster: &ClusterId) -> Option<Connection> {
        self.lock().get(cluster).and_then(|link| link.connection.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ClusterId, Link>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a decision may turn on: Dask's wish for workers, work that waits for a thread, and whether anybody uses it.
fn matters(dask: &DaskSnapshot) -> (u32, bool, bool, bool, bool) {
    let tasks = dask.tasks;
    let unfinished = tasks.processing + tasks.queued + tasks.waiting + tasks.no_worker > 0;
    (dask.target, dask.runnable > u64::from(dask.threads), unfinished, dask.clients > 0, dask.data_bytes > 0)
}

/// Binds through the opened folder, since a socket's path has at most 107 bytes. An old socket is replaced: only the
/// one server of the state folder gets here.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    let folder = socket.parent().unwrap_or(Path::new("/"));
    let name = socket.file_name().unwrap_or_default();
    let opened = std::fs::File::open(folder)?;
    let mut through = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    through.push(name);
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&through)?;
    // The folder is private already; a socket that others may not write to is a second door.
    std::fs::set_permissions(through, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// One scheduler at a time; a new connection takes the place of the old one.
async fn accept(links: Links, cluster: ClusterId, listener: UnixListener) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(cluster.id = %cluster, error = %error, "a scheduler could not be heard; it tries again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let ours = stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw());
        if !ours {
            tracing::warn!(cluster.id = %cluster, "somebody else tried to be the scheduler of a cluster");
            continue;
        }
        let (connection, reader) = Connection::open(stream);
        links.connected(&cluster, connection.clone());
        connection.read(reader, &links, &cluster).await;
        links.disconnected(&cluster);
        links.event(&cluster);
    }
}

#[async_trait]
impl DaskApi for Links {
    async fn snapshot(&self, cluster: &ClusterId) -> Option<DaskSnapshot> {
        let state = self.lock();
        let link = state.get(cluster)?;
        if link.connection.is_none() && !link.closing {
            return None;
        }
        link.last.clone()
    }

    async fn refresh(&self, cluster: &ClusterId) {
        let Some(connection) = self.connection(cluster) else { return };
        // A scheduler that reads nothing may not even take the question.
        let asked = tokio::time::timeout(REFRESHING, connection.ask(json!({"op": "snapshot"}), REFRESHING)).await;
        let said = asked.ok().flatten().and_then(|mut answer| serde_json::from_value(answer["snapshot"].take()).ok());
        let Some(said): Option<DaskSnapshot> = said else { return };
        let is_news = |link: &Link| {
            let newer = link.last.as_ref().is_none_or(|last| last.at <= said.at);
            link.connection.is_some() && !link.closing && newer
        };
        if self.lock().get(cluster).is_some_and(is_news) {
            self.told(cluster, said);
        }
    }

    async fn workers_to_close(&self, cluster: &ClusterId, count: u32) -> Vec<String> {
        let Some(connection) = self.connection(cluster) else { return Vec::new() };
        let answer = connection.ask(json!({"op": "workers_to_close", "n": count}), PATIENCE).await;
        let names = answer.and_then(|mut answer| answer.get_mut("workers").map(serde_json::Value::take));
        names.and_then(|names| serde_json::from_value(names).ok()).unwrap_or_default()
    }

    async fn drain(&self, cluster: &ClusterId, workers: &[String], deadline: Duration, why: Leaving) -> bool {
        let Some(connection) = self.connection(cluster) else { return false };
        let (deadline, preempted) = (deadline.as_secs_f64(), why == Leaving::Preempted);
        connection.tell(json!({"op": "drain", "workers": workers, "deadline": deadline, "preempted": preempted})).await
    }

    async fn close(&self, cluster: &ClusterId, reason: &str) -> bool {
        let Some(connection) = self.connection(cluster) else { return false };
        let answer = connection.ask(json!({"op": "close", "reason": reason}), CLOSING).await;
        let last = answer.and_then(|mut answer| serde_json::from_value(answer["snapshot"].take()).ok());
        if let (Some(last), Some(link)) = (last, self.lock().get_mut(cluster)) {
            link.last = Some(last);
            link.closing = true;
        }
        self.event(cluster);
        true
    }
}
