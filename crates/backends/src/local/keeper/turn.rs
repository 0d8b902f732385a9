//! The loop: wait until something is there or due, see to all of it, send what was said, begin again.
//!
//! The order within a turn is the order of importance: what fork servers and members say comes before the deaths, so
//! that a member's last words are heard; deaths are told before anything slow (flushing, sweeping) is done.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::connection;
use super::fork_server::Word;
use super::keeper::Keeper;
use super::{KeeperError, clock, say, sys};

/// Whose descriptor it is.
#[derive(Debug, Clone)]
enum Token {
    Listener,
    Signals,
    Connection(u64),
    ForkServer(String),
    Status(String),
    Adopted(String),
}

impl Keeper {
    /// Turns until there is nothing left to hold.
    pub(super) fn turn_until_done(&mut self) -> Result<(), KeeperError> {
        loop {
            let ready = self.wait()?;
            let now = clock::now();
            if !ready.is_empty() {
                self.is_in_use();
            }
            for token in ready {
                self.serve(token, now);
            }
            self.flush_connections();
            self.let_fresh_ones_go();
            self.do_what_is_due(now);
            self.flush_connections();
            self.flush_records(clock::now());
            self.group_next(clock::now());
            self.remove_left_groups();
            if self.is_done(now) {
                self.home.unlisten();
                if let Ok(groups) = &self.groups {
                    groups.close();
                }
                say("nothing is left to hold: ending");
                return Ok(());
            }
        }
    }

    fn wait(&self) -> Result<Vec<Token>, KeeperError> {
        let watched = self.watched();
        let mut fds: Vec<PollFd<'_>> = watched
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        let timeout = self.next_due().map(|due| due.saturating_sub(clock::now()));
        let timeout = timeout.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(KeeperError::System {
                    what: "cannot wait",
                    source: error.into(),
                });
            }
        }
        let ready = fds
            .iter()
            .zip(&watched)
            .filter(|(fd, _)| !fd.revents().is_empty());
        Ok(ready.map(|(_, (token, ..))| token.clone()).collect())
    }

    /// Everything to wait on, the most telling first.
    fn watched(&self) -> Vec<(Token, BorrowedFd<'_>, PollFlags)> {
        let mut all = Vec::with_capacity(8 + self.members.len());
        for (key, server) in self.fork_servers.iter() {
            all.push((
                Token::ForkServer(key.clone()),
                server.control(),
                server.interest(),
            ));
        }
        for (key, member) in &self.members {
            if let Some(status) = member.status.as_ref().filter(|status| status.is_open()) {
                all.push((
                    Token::Status(key.clone()),
                    status.as_fd(),
                    status.interest(),
                ));
            }
            if let Some(process) = member.process.as_ref().filter(|process| !process.child) {
                all.push((
                    Token::Adopted(key.clone()),
                    process.pidfd.as_fd(),
                    PollFlags::IN,
                ));
            }
        }
        all.push((Token::Signals, self.signals.as_fd(), PollFlags::IN));
        for (id, connection) in &self.connections {
            all.push((
                Token::Connection(*id),
                connection.lines.as_fd(),
                connection.lines.interest(),
            ));
        }
        all.push((Token::Listener, self.listener.as_fd(), PollFlags::IN));
        all
    }

    fn serve(&mut self, token: Token, now: Duration) {
        match token {
            Token::Listener => self.accept_all(),
            Token::Signals => self.take_signals(now),
            Token::Connection(id) => self.read_connection(id, now),
            Token::ForkServer(key) => self.hear_fork_server(&key, now),
            Token::Status(key) => self.hear_member(&key),
            Token::Adopted(key) => self.adopted_ended(&key, now),
        }
    }

    fn accept_all(&mut self) {
        loop {
            match connection::accept(&self.listener) {
                Ok(Some(connection)) => {
                    self.connections.insert(self.next_connection, connection);
                    self.next_connection += 1;
                }
                Ok(None) => return,
                Err(error) => return say(&format!("a client was not let in: {error}")),
            }
        }
    }

    fn read_connection(&mut self, id: u64, now: Duration) {
        let lines = self
            .connections
            .get_mut(&id)
            .map(|connection| connection.lines.read());
        for line in lines.unwrap_or_default() {
            self.request(id, &line, now);
        }
    }

    fn take_signals(&mut self, now: Duration) {
        while let Some(signal) = sys::next_signal(self.signals.as_fd()) {
            if signal == rustix::process::Signal::TERM.as_raw() {
                say("asked to end: what runs goes on, and the next keeper takes it over");
                self.ending = true;
            }
        }
        self.reap_all(now);
    }

    fn hear_fork_server(&mut self, key: &str, now: Duration) {
        let Some(server) = self.fork_servers.get_mut(key) else {
            return;
        };
        server.flush(now);
        let words = server.read(now);
        let (closed, view) = (server.is_closed(), server.view.clone());
        for word in words {
            match word {
                Word::Forked { key, pid } => self.forked(&key, pid),
                Word::Refused { key, message } => self.refused(&key, message),
                Word::Changed => self.tell_fork_server(view.clone()),
            }
        }
        if closed {
            self.fork_server_fell(key, now);
        }
    }

    fn flush_connections(&mut self) {
        for connection in self.connections.values_mut() {
            connection.lines.flush();
        }
        self.connections
            .retain(|_, connection| connection.lines.is_open());
    }

    fn is_done(&mut self, now: Duration) -> bool {
        if self.holds_something() || !self.connections.is_empty() {
            self.quiet_since = now;
        }
        self.ending || now >= self.quiet_since + self.options.idle_end
    }
}
