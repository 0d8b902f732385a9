//! What the keeper holds, and the few things that every part of it does: look up, answer, tell, write down.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::connection::Connection;
use super::fork_servers::ForkServers;
use super::groups::{Group, Groups};
use super::home::Home;
use super::lease::Lease;
use super::member::{Member, Reply};
use super::oom::OomCounter;
use super::sweep::Sweep;
use super::unflushed::Unflushed;
use super::wire::{Answer, Event, ForkServerView, WireError};
use super::{KeeperError, KeeperOptions, clock, journal, proc, say, sys};

/// A cluster that is being cleared away.
pub(super) struct Purge {
    pub(super) cluster: String,
    pub(super) replies: Vec<Reply>,
}

/// The whole state of the program.
pub(super) struct Keeper {
    pub(super) home: Home,
    pub(super) options: KeeperOptions,
    pub(super) boot_id: String,
    pub(super) listener: OwnedFd,
    pub(super) signals: OwnedFd,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) next_connection: u64,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) fork_servers: ForkServers,
    pub(super) sweeps: Vec<Sweep>,
    pub(super) purges: Vec<Purge>,
    pub(super) oom: OomCounter,
    /// The kernel's, or why there are none.
    pub(super) groups: Result<Groups, String>,
    /// Groups of members that have ended, and of which something may live.
    pub(super) left_groups: Vec<Group>,
    /// To be put into their groups, and when; the earliest first.
    pub(super) ungrouped: Vec<(String, Duration)>,
    /// Of clusters of which something lives.
    pub(super) leases: BTreeMap<String, Lease>,
    /// Forked in this turn: to be written down and let go together.
    pub(super) fresh: Vec<String>,
    /// Told already, to be flushed.
    pub(super) unflushed: Unflushed,
    pub(super) slow_due: Duration,
    /// How much the memory looks are stretched, so that they stay cheap however many members there are.
    pub(super) slower: u32,
    /// Time spent on memory looks since the last slow round.
    pub(super) looked_for: Duration,
    /// Since when nothing has lived and nobody was connected.
    pub(super) quiet_since: Duration,
    /// When to let go of what the last busy while needed.
    pub(super) thrift_due: Option<Duration>,
    pub(super) ending: bool,
    /// Held for as long as the program lives.
    _lock: OwnedFd,
}

impl Keeper {
    /// Takes the state folder and its socket.
    pub(super) fn open(path: &Path, options: KeeperOptions) -> Result<Self, KeeperError> {
        let system = |what| move |source| KeeperError::System { what, source };
        let home = Home::open(path)?;
        let lock = home.lock()?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|error| system("cannot become the parent of orphans")(error.into()))?;
        let signals = sys::signal_fd().map_err(system("cannot take signals"))?;
        let listener = home
            .listen()
            .map_err(system("cannot listen on `keeper.sock`"))?;
        let now = clock::now();
        let groups = Groups::open(home.path());
        Ok(Self {
            home,
            options,
            boot_id: proc::boot_id(),
            listener,
            signals,
            connections: BTreeMap::new(),
            next_connection: 1,
            members: BTreeMap::new(),
            fork_servers: ForkServers::default(),
            sweeps: Vec::new(),
            purges: Vec::new(),
            oom: OomCounter::new(),
            groups,
            left_groups: Vec::new(),
            ungrouped: Vec::new(),
            leases: BTreeMap::new(),
            fresh: Vec::new(),
            unflushed: Unflushed::default(),
            slow_due: now,
            slower: 1,
            looked_for: Duration::ZERO,
            quiet_since: now,
            thrift_due: None,
            ending: false,
            _lock: lock,
        })
    }

    /// Whether anything is held that must not be left alone.
    pub(super) fn holds_something(&self) -> bool {
        self.members.values().any(|member| member.record().alive())
            || !self.sweeps.is_empty()
            || !self.purges.is_empty()
    }

    /// Answers a request; that its connection is gone is fine.
    pub(super) fn answer(&mut self, reply: Reply, result: Result<impl Serialize, WireError>) {
        let Some(connection) = self.connections.get_mut(&reply.connection) else {
            return;
        };
        let (ok, error) = match result {
            Ok(value) => (serde_json::to_value(value).ok(), None),
            Err(error) => (None, Some(error)),
        };
        if let Ok(line) = serde_json::to_vec(&Answer {
            id: reply.id,
            ok,
            error,
        }) {
            connection.lines.push(&line);
        }
    }

    /// Answers every waiter with the same.
    pub(super) fn answer_all(
        &mut self,
        replies: Vec<Reply>,
        result: &Result<serde_json::Value, WireError>,
    ) {
        for reply in replies {
            self.answer(reply, result.clone());
        }
    }

    /// Tells all subscribers, in order.
    pub(super) fn tell(&mut self, event: &Event) {
        let Ok(line) = serde_json::to_vec(event) else {
            return;
        };
        for connection in self
            .connections
            .values_mut()
            .filter(|connection| connection.subscribed)
        {
            connection.lines.push(&line);
        }
    }

    /// Tells of a fork server.
    pub(super) fn tell_fork_server(&mut self, fork_server: ForkServerView) {
        let why = fork_server.error.as_ref().map(|error| format!(": {error}"));
        let (pid, state) = (fork_server.pid, &fork_server.state);
        let python = fork_server.python.display();
        say(&format!(
            "fork server {pid} of `{python}`: {state}{}",
            why.unwrap_or_default()
        ));
        self.tell(&Event::ForkServer { fork_server });
    }

    /// Writes a changed record down and tells it. A disk that refuses is tried again in the slow round.
    pub(super) fn changed(&mut self, key: &str) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let written = journal::write(&member.stored);
        member.unwritten = written.is_err();
        if let Err(error) = written {
            say(&format!("the record of `{key}` cannot be written: {error}"));
        }
        self.tell_member(key);
    }

    /// Tells a record as it is.
    pub(super) fn tell_member(&mut self, key: &str) {
        let Some(member) = self.members.get(key) else {
            return;
        };
        let event = Event::Member {
            member: Box::new(member.record().clone()),
        };
        self.tell(&event);
    }

    /// Kills itself here, when a test wants to see what the next keeper makes of it.
    #[cfg(debug_assertions)]
    pub(super) fn crash_point(&self, name: &str) {
        if self.options.crash_at.as_deref() == Some(name) {
            say(&format!("killed at `{name}`, as asked"));
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                .ok();
        }
    }

    /// Nothing, outside tests.
    #[cfg(not(debug_assertions))]
    #[expect(clippy::unused_self, reason = "the same call as in tests")]
    pub(super) fn crash_point(&self, _name: &str) {}
}
