//! Starting a member: intent, fork, record with the pid on disk, go. In this order, whatever dies in between.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::fork_server::Packet;
use super::fork_servers::key_of;
use super::journal::Stored;
use super::keeper::Keeper;
use super::member::{Member, Reply};
use super::process::Process;
use super::wire::{Exit, Launch, State, WireError};
use super::{clock, journal, say, spawn, stdio, sys, tag, trouble};

/// A fork server that dies under a request is tried once more; the request may be what it died of.
const TRIES: u8 = 2;

impl Keeper {
    /// Takes a request to start. A key that is known is not started again: its record is the answer.
    pub(super) fn start(&mut self, reply: Reply, launch: Launch, now: Duration) {
        if let Some(member) = self.members.get_mut(&launch.key) {
            match member.launching.as_mut() {
                Some(launching) => launching.waiters.push(reply),
                None => {
                    let record = member.record().clone();
                    self.answer(reply, Ok(record));
                }
            }
            return;
        }
        if let Err(error) = self.admit(&launch) {
            return self.answer(reply, Err::<(), _>(error));
        }
        let key = launch.key.clone();
        let member = Member::intended(launch, reply, &self.boot_id, clock::wall());
        if let Err(error) = journal::write(&member.stored) {
            let error = unwritable(&key, &member.record().folder, &error);
            return self.answer(reply, Err::<(), _>(error));
        }
        self.members.insert(key.clone(), member);
        self.crash_point("intent");
        self.tell_member(&key);
        self.launch(&key, now);
    }

    fn admit(&self, launch: &Launch) -> Result<(), WireError> {
        launch
            .check()
            .map_err(|message| WireError::new("bad_launch", message))?;
        if self.sweeps.iter().any(|sweep| sweep.scope().covers(launch)) {
            return Err(WireError::new(
                "purging",
                format!("cluster `{}` is being cleared away", launch.cluster),
            ));
        }
        let folder = launch.folder.display();
        match self
            .home
            .holds(&launch.folder, &launch.cluster, launch.name())
        {
            Ok(true) => Ok(()),
            Ok(false) => Err(WireError::new(
                "bad_launch",
                format!(
                    "`{folder}` is not the folder of `{}` in this state folder",
                    launch.key
                ),
            )),
            Err(error) => Err(WireError::new(
                "bad_launch",
                format!("the folder `{folder}` cannot be used: {error}"),
            )),
        }
    }

    /// Sends it to its fork server, or starts it.
    fn launch(&mut self, key: &str, now: Duration) {
        if let Err(error) = self.try_launch(key, now) {
            self.abandon(key, error);
        }
    }

    fn try_launch(&mut self, key: &str, now: Duration) -> Result<(), WireError> {
        let Some(member) = self.members.get_mut(key) else {
            return Ok(());
        };
        let Some(launching) = member.launching.as_mut() else {
            return Ok(());
        };
        launching.tries += 1;
        let launch = launching.launch.clone();
        let stdio = stdio::open(&launch)?;
        member.status = Some(stdio.status);
        member.stdin = stdio.stdin;
        if !launch.interpreter.fork {
            let pid = spawn::spawn(&launch, stdio.theirs)?;
            self.forked(key, pid);
            return Ok(());
        }
        member.fork_server = Some(key_of(&launch.interpreter, &launch.runtime));
        let packet = Packet::new(&launch, stdio.theirs).map_err(|error| {
            let message = format!("the launch of `{key}` cannot be sent: {error}");
            trouble::of_files("files", message, &error)
        })?;
        self.warm(&launch.interpreter, &launch.runtime, now)?;
        self.fork_servers.ask(&launch, packet, now);
        Ok(())
    }

    /// A member's process is known; it waits for `go`.
    pub(super) fn forked(&mut self, key: &str, pid: i32) {
        self.crash_point("forked");
        let Some(member) = self
            .members
            .get_mut(key)
            .filter(|member| member.launching.is_some())
        else {
            return;
        };
        let Some(process) = Process::child(pid) else {
            let message = format!("process {pid} of `{key}` ended before it was let go");
            return self.abandon(key, WireError::new("fork_server", message));
        };
        if let Err(error) = sys::set_rttime(pid, tag::tag_of(key)) {
            say(&format!(
                "process {pid} of `{key}` cannot be tagged, only its marker is left: {error}"
            ));
        }
        member.process = Some(process);
        self.fresh.push(key.to_owned());
    }

    /// Writes down all that were forked in this turn, then lets them go.
    pub(super) fn let_fresh_ones_go(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|key| self.members.contains_key(key));
        let (wall, tick) = (clock::wall(), clock::ticks());
        for key in &fresh {
            let Some(member) = self.members.get_mut(key) else {
                continue;
            };
            let name = member
                .process
                .as_ref()
                .map(|process| (process.pid, process.start_time));
            let record = member.record_mut();
            (record.pid, record.start_time) = (name.map(|n| n.0), name.map(|n| n.1));
            (record.state, record.started_at) = (State::Started, Some(wall));
            record.started_tick = Some(tick);
        }
        let written = self.write_started(&fresh);
        if !fresh.is_empty() {
            self.crash_point("started");
        }
        for (key, written) in fresh.iter().zip(written) {
            match written {
                Ok(()) => self.let_go(key),
                Err(error) => self.give_up(key, &error),
            }
        }
    }

    /// Scripts on the disk, since none may ever run twice; schedulers and workers for now without waiting for it.
    fn write_started(&mut self, fresh: &[String]) -> Vec<std::io::Result<()>> {
        let stored: Vec<_> = fresh
            .iter()
            .filter_map(|key| Some(&self.members.get(key)?.stored))
            .collect();
        let (scripts, servers): (Vec<&Stored>, Vec<&Stored>) =
            stored.iter().copied().partition(|stored| stored.record.kind.is_script());
        let mut durable = journal::write_durably(&scripts).into_iter();
        let mut written = servers.into_iter().map(journal::write);
        let results = stored.iter().map(|stored| match stored.record.kind.is_script() {
            true => durable.next(),
            false => written.next(),
        });
        let results = results.map(|result| result.unwrap_or(Ok(()))).collect();
        for key in fresh {
            self.flush_later(key);
        }
        results
    }

    fn let_go(&mut self, key: &str) {
        let now = clock::now();
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let Some(launching) = member.launching.take() else {
            return;
        };
        if launching.cancelled {
            member
                .process
                .iter()
                .for_each(|process| process.signal(Signal::KILL));
        } else if let Some(status) = member.status.as_mut() {
            status.push(b"go");
            status.flush();
            member.begin_watching(now);
            self.group_later(key, now);
        }
        self.crash_point("go");
        let record = self.members.get(key).map(|member| member.record().clone());
        let answer = serde_json::to_value(record)
            .map_err(|error| WireError::new("internal", error.to_string()));
        self.answer_all(launching.waiters, &answer);
        self.tell_member(key);
    }

    /// The disk refused the record: what was forked has done nothing yet, and never will.
    fn give_up(&mut self, key: &str, error: &std::io::Error) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        member
            .process
            .iter()
            .for_each(|process| process.signal(Signal::KILL));
        let error = unwritable(key, &member.record().folder, error);
        self.abandon(key, error);
    }

    /// A fork server would not fork this one.
    pub(super) fn refused(&mut self, key: &str, message: String) {
        self.abandon(key, WireError::new("refused", message));
    }

    /// A start that came to nothing. No user code ran, so the key may be used again.
    fn abandon(&mut self, key: &str, error: WireError) {
        let Some(mut member) = self.members.remove(key) else {
            return;
        };
        say(&format!("`{key}` was not started: {error}"));
        if let Err(error) = journal::remove(&member.record().folder) {
            say(&format!("the record of `{key}` cannot be removed: {error}"));
        }
        let waiters = member
            .launching
            .take()
            .map(|launching| launching.waiters)
            .unwrap_or_default();
        self.answer_all(waiters, &Err(error));
        let record = member.record_mut();
        (record.state, record.ended_at) = (State::Ended, Some(clock::wall()));
        record.exit = Some(Exit::Unknown("never started".into()));
        let event = super::wire::Event::Member {
            member: Box::new(record.clone()),
        };
        self.tell(&event);
    }

    /// A fork server has ended or hangs: its members are not touched, its unanswered requests go to the next one.
    pub(super) fn fork_server_fell(&mut self, server: &str, now: Duration) {
        let Some(fallen) = self.fork_servers.fell(server) else {
            return;
        };
        self.tell_fork_server(fallen.view);
        let revived = fallen
            .served
            .then(|| self.fork_servers.revive(server, self.home.path(), now))
            .flatten();
        if let Some(view) = revived {
            self.tell_fork_server(view);
        }
        for key in fallen.unanswered {
            let tries = self
                .members
                .get(&key)
                .and_then(|m| m.launching.as_ref())
                .map_or(TRIES, |l| l.tries);
            if fallen.served && tries < TRIES {
                self.launch(&key, now);
            } else {
                self.abandon(&key, fallen.cause.clone());
            }
        }
    }

    /// Marks a start that is under way as not wanted any more. Says whether there was one.
    pub(super) fn cancel(&mut self, key: &str) -> bool {
        let launching = self
            .members
            .get_mut(key)
            .and_then(|member| member.launching.as_mut());
        launching
            .map(|launching| launching.cancelled = true)
            .is_some()
    }
}

fn unwritable(key: &str, folder: &Path, error: &std::io::Error) -> WireError {
    let message = format!(
        "the record of `{key}` cannot be written in `{}`: {error}\nhint: nothing was started; make room or \
         permission there and ask again",
        folder.display()
    );
    trouble::of_files("journal", message, error)
}
