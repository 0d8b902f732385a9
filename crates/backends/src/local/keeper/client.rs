//! The server's side of `keeper.sock`.
//!
//! A call is a line and the line that answers it; events come beside, in order. When the connection is lost, every
//! pending call fails with `CallError::Lost` and the stream of events ends: the caller connects again (starting a
//! keeper with `spawn_detached` where there is none) and begins from the new snapshot. `start` may simply be repeated,
//! since a key is never started twice.
//!
//! A keeper can be there and yet not answer: stopped, or stuck on a dead disk. So every call has a time of its own, and
//! when one that is answered at once was not, the connection is given up and counts as lost.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::home::Home;
use super::wire::{
    Answer, Event, Hello, Launch, Op, Record, Request, Rung, Stats, WireError,
};

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No keeper runs for this state folder.
    #[error("no keeper serves: {0}")]
    Absent(#[source] io::Error),
    /// What listens belongs to somebody else.
    #[error("`keeper.sock` is served by uid {0}, which is not this user")]
    Foreign(u32),
    /// The state folder cannot be used.
    #[error(transparent)]
    Home(#[from] super::KeeperError),
    /// It was there, but gave no snapshot.
    #[error("the keeper gave no snapshot: {0}")]
    Hello(#[source] CallError),
    /// It did not answer in time.
    #[error("the keeper does not answer")]
    Silent,
}

impl ConnectError {
    /// Whether there is one that holds the state folder, but does not answer: another one could not serve.
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Silent | Self::Hello(CallError::Silent { .. }) => true,
            // So many wait for it already that no more are let in.
            Self::Absent(error) => error.kind() == io::ErrorKind::WouldBlock,
            _ => false,
        }
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The connection is lost: whether the call was heard is not known.
    #[error("the connection to the keeper is lost")]
    Lost,
    /// The keeper did not answer in time: whether the call was heard is not known.
    #[error("the keeper does not answer: `{op}` had no answer within {seconds} s")]
    Silent {
        /// What was asked.
        op: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// The keeper refused.
    #[error(transparent)]
    Refused(#[from] WireError),
    /// The answer is not understood.
    #[error("the keeper's answer is not understood: {0}")]
    Garbled(#[source] serde_json::Error),
}

/// For what the keeper answers in the turn in which it reads it. It shares the machine with all that it started.
const AT_ONCE: Duration = Duration::from_secs(10);
/// For what waits for processes in the kernel; a disk that died may hold one for ever.
const UNTIL_NOTHING_LIVES: Duration = Duration::from_secs(60);
/// For a start: two fork servers after each other that import from a slow disk, each given up by the keeper itself.
const UNTIL_FORKED: Duration = Duration::from_secs(150);

/// How long the answer to a call is waited for.
fn patience(op: &Op) -> Duration {
    match op {
        Op::Start { .. } => UNTIL_FORKED,
        Op::Purge { .. } => UNTIL_NOTHING_LIVES,
        _ => AT_ONCE,
    }
}

type Pending = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>>;

/// A connection to the keeper. Clones share it.
#[derive(Debug, Clone)]
pub struct KeeperClient {
    calls: mpsc::UnboundedSender<(Op, oneshot::Sender<Answer>)>,
    /// Set when the connection is given up.
    given_up: Arc<watch::Sender<bool>>,
}

/// What a connection begins with, and all that changes after it.
#[derive(Debug)]
pub struct KeeperEvents {
    /// The snapshot.
    pub hello: Hello,
    /// What has changed since, in order; it ends when the connection does.
    pub events: mpsc::UnboundedReceiver<Event>,
}

impl KeeperClient {
    /// Connects to the keeper of this state folder and takes its snapshot.
    ///
    /// # Errors
    /// `Absent` when none runs: start one with `spawn_detached`.
    pub async fn connect(home: &Path) -> Result<(Self, KeeperEvents), ConnectError> {
        let home = Home::open(home)?;
        let stream = UnixStream::connect(home.socket())
            .await
            .map_err(ConnectError::Absent)?;
        let uid = stream.peer_cred().map_err(ConnectError::Absent)?.uid();
        if uid != rustix::process::geteuid().as_raw() {
            return Err(ConnectError::Foreign(uid));
        }
        let (reader, writer) = stream.into_split();
        let pending = Pending::new(Mutex::new(Some(HashMap::new())));
        let (calls, queue) = mpsc::unbounded_channel();
        let (told, events) = mpsc::unbounded_channel();
        tokio::spawn(send_calls(queue, writer, Arc::clone(&pending)));
        let given_up = Arc::new(watch::Sender::new(false));
        tokio::spawn(hear(reader, told, pending, given_up.subscribe()));
        let client = Self { calls, given_up };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let hello = client
            .call(Op::Hello { version })
            .await
            .map_err(ConnectError::Hello)?;
        Ok((client, KeeperEvents { hello, events }))
    }

    /// Starts a member, or finds the one of this key. Returns when its pid is on disk.
    ///
    /// # Errors
    /// `Refused` when nothing was started; `Lost` when that is not known: repeat it.
    pub async fn start(&self, launch: Launch) -> Result<Record, CallError> {
        self.call(Op::Start {
            launch: Box::new(launch),
        })
        .await
    }

    /// Begins to end a member; its end comes as an event.
    ///
    /// # Errors
    /// `Refused` with `not_found`, or `Lost`.
    pub async fn stop(&self, key: &str, reason: &str, ladder: &[Rung]) -> Result<(), CallError> {
        let op = Op::Stop {
            key: key.to_owned(),
            reason: reason.to_owned(),
            ladder: ladder.to_vec(),
        };
        self.done(op).await
    }

    /// Kills everything of a cluster. Returns how many processes that were, when nothing of it lives.
    ///
    /// # Errors
    /// `Lost` when the keeper went away: repeat it.
    pub async fn purge(&self, cluster: &str, reason: &str) -> Result<u64, CallError> {
        #[derive(serde::Deserialize)]
        struct Purged {
            killed: u64,
        }
        let op = Op::Purge {
            cluster: cluster.to_owned(),
            reason: reason.to_owned(),
        };
        Ok(self.call::<Purged>(op).await?.killed)
    }

    /// Drops the records of ended members.
    ///
    /// # Errors
    /// `Refused` with `busy` when one of them lives, or `Lost`.
    pub async fn forget(&self, keys: &[String]) -> Result<(), CallError> {
        self.done(Op::Forget {
            keys: keys.to_vec(),
        })
        .await
    }

    /// Ends a member's standard input.
    ///
    /// # Errors
    /// `Refused` with `not_found`, or `Lost`.
    pub async fn close_stdin(&self, key: &str) -> Result<(), CallError> {
        self.done(Op::CloseStdin {
            key: key.to_owned(),
        })
        .await
    }

    /// Ends the idle fork servers of the interpreters in this folder, which is about to be removed.
    ///
    /// # Errors
    /// `Refused` with `unknown_op` by a keeper of an earlier version, or `Lost`.
    pub async fn cool(&self, folder: &Path) -> Result<(), CallError> {
        self.done(Op::Cool {
            folder: folder.to_owned(),
        })
        .await
    }

    /// What the keeper itself uses.
    ///
    /// # Errors
    /// `Lost`.
    pub async fn stats(&self) -> Result<Stats, CallError> {
        self.call(Op::Stats).await
    }

    /// Ends the keeper.
    ///
    /// # Errors
    /// `Refused` with `busy` while anything lives, or `Lost`.
    pub async fn shutdown(&self) -> Result<(), CallError> {
        self.done(Op::Shutdown).await
    }

    async fn done(&self, op: Op) -> Result<(), CallError> {
        self.call::<serde_json::Value>(op).await.map(drop)
    }

    async fn call<T: DeserializeOwned>(&self, op: Op) -> Result<T, CallError> {
        let (reply, answer) = oneshot::channel();
        let (name, patience) = (op.name(), patience(&op));
        self.calls.send((op, reply)).map_err(|_| CallError::Lost)?;
        let Ok(answer) = timeout(patience, answer).await else {
            if patience == AT_ONCE {
                self.given_up.send_replace(true);
            }
            let seconds = patience.as_secs();
            return Err(CallError::Silent { op: name, seconds });
        };
        let answer = answer.map_err(|_| CallError::Lost)?;
        match answer.error {
            Some(error) => Err(error.into()),
            None => {
                serde_json::from_value(answer.ok.unwrap_or_default()).map_err(CallError::Garbled)
            }
        }
    }
}

/// Numbers the calls and writes them. Ends when the last client is dropped or the keeper takes no more.
async fn send_calls(
    mut queue: mpsc::UnboundedReceiver<(Op, oneshot::Sender<Answer>)>,
    mut writer: OwnedWriteHalf,
    pending: Pending,
) {
    let mut id = 0;
    while let Some((op, reply)) = queue.recv().await {
        id += 1;
        let waits = locked(&pending, |pending| {
            pending
                .as_mut()
                .map(|pending| pending.insert(id, reply))
                .is_some()
        });
        let Ok(mut line) = serde_json::to_vec(&Request { id, op }) else {
            continue;
        };
        line.push(b'\n');
        if !waits || writer.write_all(&line).await.is_err() {
            break;
        }
    }
    locked(&pending, |pending| *pending = None);
}

/// Hands answers to their callers and events to the stream, until the connection ends or is given up.
async fn hear(
    reader: OwnedReadHalf,
    told: mpsc::UnboundedSender<Event>,
    pending: Pending,
    mut given_up: watch::Receiver<bool>,
) {
    let mut lines = BufReader::new(reader).lines();
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line,
            // The last client is dropped: nothing is asked any more, but events are told still.
            true = async { given_up.wait_for(|given_up| *given_up).await.is_ok() } => break,
        };
        let Ok(Some(line)) = line else { break };
        if let Ok(answer) = serde_json::from_str::<Answer>(&line) {
            let caller = locked(&pending, |pending| pending.as_mut()?.remove(&answer.id));
            if let Some(caller) = caller {
                caller.send(answer).ok();
            }
        } else if let Ok(event) = serde_json::from_str::<Event>(&line) {
            told.send(event).ok();
        } else {
            tracing::debug!(
                line,
                "the keeper said what this version does not know: {line}"
            );
        }
    }
    locked(&pending, |pending| *pending = None);
}

fn locked<T>(
    pending: &Pending,
    act: impl FnOnce(&mut Option<HashMap<u64, oneshot::Sender<Answer>>>) -> T,
) -> T {
    act(&mut pending.lock().unwrap_or_else(PoisonError::into_inner))
}
