//! One fork server: a Python interpreter that is imported already and forks members on request.
//!
//! The keeper is its parent and holds one end of its control socket. What it does not do: decide when to start or end
//! one (`fork_servers`), or know what a member is beyond its key.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    socketpair,
};
use rustix::process::Signal;
use serde::Deserialize;

use super::wire::{ForkServerView, Interpreter, Launch, MARKER, WireError};
use super::{clock, proc, stdio, sys};

/// A server that has not served by then never will: a cold import from a slow disk takes a tenth of it.
const START_MAX: Duration = Duration::from_secs(90);
/// A longer request travels in a file instead: the kernel takes some 200 kB in one packet by default.
const PACKET_MAX: usize = 64 << 10;

/// A request with the descriptors that travel with it: stdin, stdout, stderr, status, and the request itself when it
/// is long.
pub(super) struct Packet {
    key: String,
    text: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

impl Packet {
    /// The request for this launch.
    pub(super) fn new(launch: &Launch, descriptors: [OwnedFd; 4]) -> io::Result<Self> {
        let mut text = serde_json::json!({ "launch": launch })
            .to_string()
            .into_bytes();
        let mut descriptors = Vec::from(descriptors);
        if text.len() > PACKET_MAX {
            descriptors.push(stdio::in_memory("launch", &text)?);
            text = b"{}".to_vec();
        }
        Ok(Self {
            key: launch.key.clone(),
            text,
            descriptors,
        })
    }
}

/// What a fork server says: one of these at a time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    serving: Option<serde_json::Value>,
    failed: Option<WireError>,
    forked: Option<Forked>,
    refused: Option<Refused>,
    imported: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Forked {
    key: String,
    pid: i32,
}

#[derive(Debug, Deserialize)]
struct Refused {
    key: String,
    message: String,
}

/// What the keeper has to act on.
#[derive(Debug)]
pub(super) enum Word {
    /// A member was forked and waits for `go`.
    Forked { key: String, pid: i32 },
    /// It would not fork this one.
    Refused { key: String, message: String },
    /// Something is to be told of it.
    Changed,
}

/// A running fork server.
pub(super) struct ForkServer {
    pub(super) view: ForkServerView,
    pidfd: OwnedFd,
    control: OwnedFd,
    log: PathBuf,
    outbox: VecDeque<Packet>,
    asked: Vec<(String, Duration)>,
    born: Duration,
    /// When it was needed last.
    pub(super) used: Duration,
    closed: bool,
}

impl ForkServer {
    /// Starts one; it is of use before it serves, since requests wait for it.
    pub(super) fn start(
        interpreter: &Interpreter,
        runtime: &Path,
        home: &Path,
    ) -> io::Result<Self> {
        let (ours, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let theirs = rustix::io::fcntl_dupfd_cloexec(&theirs, 10)?;
        let starting = home.join(format!("forkserver-{}.starting", clock::wall()));
        let log = fs::File::create(&starting)?;
        let mut command = command(interpreter, runtime);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        sys::own_session(&mut command, vec![(theirs, 3)]);
        let spawned = command.spawn();
        let pid = match spawned {
            Ok(child) => child.id().cast_signed(),
            Err(error) => {
                fs::remove_file(&starting)?;
                return Err(error);
            }
        };
        let log = home.join(format!("forkserver-{pid}.log"));
        fs::rename(starting, &log)?;
        Ok(Self::new(interpreter, pid, proc::open(pid)?, ours, log))
    }

    fn new(
        interpreter: &Interpreter,
        pid: i32,
        pidfd: OwnedFd,
        control: OwnedFd,
        log: PathBuf,
    ) -> Self {
        let view = ForkServerView {
            python: interpreter.python.clone(),
            fingerprint: interpreter.fingerprint.clone(),
            pid,
            state: "starting".into(),
            ..ForkServerView::default()
        };
        let (outbox, asked, born) = (VecDeque::new(), Vec::new(), clock::now());
        Self {
            view,
            pidfd,
            control,
            log,
            outbox,
            asked,
            born,
            used: born,
            closed: false,
        }
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        if self.outbox.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// Its control socket.
    pub(super) fn control(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// Whether its control socket has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it has served.
    pub(super) fn serves(&self) -> bool {
        self.view.serving.is_some()
    }

    /// Queues a request and sends what can be sent.
    pub(super) fn ask(&mut self, packet: Packet, now: Duration) {
        self.used = now;
        self.outbox.push_back(packet);
        self.flush(now);
    }

    /// Sends what can be sent. Our copies of the descriptors close as each packet leaves.
    pub(super) fn flush(&mut self, now: Duration) {
        while let Some(packet) = self.outbox.front() {
            match send(&self.control, packet) {
                Ok(()) => {
                    let key = packet.key.clone();
                    self.outbox.pop_front();
                    self.asked.push((key, now));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    /// Reads what it has said.
    pub(super) fn read(&mut self, now: Duration) -> Vec<Word> {
        let mut words = Vec::new();
        let mut buffer = vec![0u8; 64 << 10];
        loop {
            match rustix::io::read(&self.control, buffer.as_mut_slice()) {
                Ok(0) => self.closed = true,
                Ok(n) => {
                    words.extend(self.hear(buffer.get(..n).unwrap_or_default(), now));
                    continue;
                }
                // The kernel says so once when requests of ours were left unread; its last words come after that.
                Err(Errno::INTR | Errno::CONNRESET) => continue,
                Err(Errno::AGAIN) => {}
                Err(_) => self.closed = true,
            }
            return words;
        }
    }

    fn hear(&mut self, packet: &[u8], now: Duration) -> Option<Word> {
        let said: Said = serde_json::from_slice(packet).ok()?;
        if let Some(Forked { key, pid }) = said.forked {
            return self.answered(&key).then_some(Word::Forked { key, pid });
        }
        if let Some(Refused { key, message }) = said.refused {
            return self
                .answered(&key)
                .then_some(Word::Refused { key, message });
        }
        if let Some(error) = said.failed {
            self.view.error = Some(error);
            self.closed = true;
            return None;
        }
        if let Some(what) = said.serving {
            self.view.serving = Some(what);
            self.view.state = "serving".into();
            self.asked.iter_mut().for_each(|(_, at)| *at = now);
        }
        self.view.imported.extend(said.imported);
        Some(Word::Changed)
    }

    fn answered(&mut self, key: &str) -> bool {
        let before = self.asked.len();
        self.asked.retain(|(asked, _)| asked != key);
        self.asked.len() < before
    }

    /// When it counts as hung, if it stays silent.
    pub(super) fn deadline(&self, fork_max: Duration) -> Option<Duration> {
        match (self.serves(), self.asked.iter().map(|(_, at)| *at).min()) {
            (false, _) => Some(self.born + START_MAX),
            (true, Some(oldest)) => Some(oldest + fork_max),
            (true, None) => None,
        }
    }

    /// Whether it has nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.outbox.is_empty()
    }

    /// The members that it was asked for and has not answered.
    pub(super) fn unanswered(&mut self) -> Vec<String> {
        let waiting = self.outbox.drain(..).map(|packet| packet.key);
        let asked: Vec<String> = self.asked.drain(..).map(|(key, _)| key).collect();
        asked.into_iter().chain(waiting).collect()
    }

    /// Why it is gone, as well as that can be told.
    pub(super) fn cause(&self) -> WireError {
        let told = self.view.error.clone();
        told.unwrap_or_else(|| {
            let when = if self.serves() {
                "ended"
            } else {
                "ended before it served"
            };
            let python = self.view.python.display();
            let message = format!(
                "the fork server of `{python}` {when}; its last words:\n{}",
                tail(&self.log)
            );
            WireError::new("fork_server", message.trim_end())
        })
    }

    /// Ends it for certain; its members are not touched.
    pub(super) fn kill(&self) {
        rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL).ok();
    }

    /// Takes its log away; what it said last has been told by then.
    pub(super) fn discard_log(&self) {
        fs::remove_file(&self.log).ok();
    }
}

fn command(interpreter: &Interpreter, runtime: &Path) -> Command {
    let mut command = Command::new(&interpreter.python);
    command
        .args(["-m", "caddis.runtime.forkserver"])
        .args(&interpreter.preload)
        .current_dir("/")
        .env_clear();
    let kept = ["PATH", "HOME", "LANG"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .envs(kept)
        .envs(&interpreter.env)
        .env("PYTHONPATH", runtime);
    command.env(MARKER, "x".repeat(super::wire::KEY_MAX));
    command
}

fn send(control: &OwnedFd, packet: &Packet) -> rustix::io::Result<()> {
    let descriptors: Vec<BorrowedFd<'_>> = packet.descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(5))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    rustix::net::sendmsg(
        control,
        &[IoSlice::new(&packet.text)],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(
        text.get(text.len().saturating_sub(4096)..)
            .unwrap_or_default(),
    )
    .into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(20)..)
        .unwrap_or_default()
        .join("\n")
}
