//! What clients ask, one function an operation. Starting, stopping and purging have files of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::keeper::Keeper;
use super::member::{Member, Reply};
use super::wire::{Hello, Interpreter, Op, Record, Request, Stats, WireError};
use super::{groups, journal, proc};

impl Keeper {
    /// Takes one line of a client.
    pub(super) fn request(&mut self, connection: u64, line: &[u8], now: Duration) {
        match parse(line) {
            Ok(request) => self.dispatch(
                Reply {
                    connection,
                    id: request.id,
                },
                request.op,
                now,
            ),
            Err((Some(id), error)) => self.answer(Reply { connection, id }, Err::<(), _>(error)),
            Err((None, _)) => {
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.lines.close();
                }
            }
        }
    }

    fn dispatch(&mut self, reply: Reply, op: Op, now: Duration) {
        match op {
            Op::Hello { .. } => self.hello(reply),
            Op::Start { launch } => self.start(reply, *launch, now),
            Op::Stop {
                key,
                reason,
                ladder,
            } => {
                let done = self.stop(&key, reason, ladder, now);
                self.answer(reply, done.map(|()| json!({})));
            }
            Op::Purge { cluster, reason } => self.purge(reply, &cluster, &reason, now),
            Op::Forget { keys } => {
                let done = self.forget(&keys);
                self.answer(reply, done.map(|()| json!({})));
            }
            Op::CloseStdin { key } => {
                let done = self.close_stdin(&key);
                self.answer(reply, done.map(|()| json!({})));
            }
            Op::Cool { folder } => {
                self.cool(&folder);
                self.answer(reply, Ok(json!({})));
            }
            Op::Stats => {
                let stats = self.stats();
                self.answer(reply, Ok(stats));
            }
            Op::Shutdown => self.shutdown(reply),
        }
    }

    fn hello(&mut self, reply: Reply) {
        let members: Vec<Record> = self
            .members
            .values()
            .map(|member| member.record().clone())
            .collect();
        let hello = Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: rustix::process::getpid().as_raw_pid(),
            boot_id: self.boot_id.clone(),
            members,
            fork_servers: self.fork_servers.views(),
        };
        self.answer(reply, Ok(hello));
        if let Some(connection) = self.connections.get_mut(&reply.connection) {
            connection.subscribed = true;
        }
    }

    fn forget(&mut self, keys: &[String]) -> Result<(), WireError> {
        if let Some(key) = keys
            .iter()
            .find(|key| self.members.get(*key).is_some_and(|m| m.record().alive()))
        {
            return Err(WireError::new("busy", format!("`{key}` has not ended")));
        }
        for key in keys {
            let Some(member) = self.members.get(key) else {
                continue;
            };
            journal::remove(&member.record().folder).map_err(|error| {
                WireError::new(
                    "journal",
                    format!("the record of `{key}` cannot be removed: {error}"),
                )
            })?;
            self.members.remove(key);
        }
        Ok(())
    }

    /// Starts the fork server of this interpreter, and ends those that are too many.
    pub(super) fn warm(
        &mut self,
        interpreter: &Interpreter,
        runtime: &Path,
        now: Duration,
    ) -> Result<(), WireError> {
        let started = self
            .fork_servers
            .warm(interpreter, runtime, self.home.path(), now)?;
        if let Some(view) = started {
            self.tell_fork_server(view);
            self.trim_fork_servers();
        }
        Ok(())
    }

    /// Ends fork servers that are idle and too many.
    pub(super) fn trim_fork_servers(&mut self) {
        let busy = busy(&self.members);
        for view in self.fork_servers.trim(&busy) {
            self.tell_fork_server(view);
        }
    }

    /// Ends the idle fork servers of the interpreters in this folder.
    fn cool(&mut self, folder: &Path) {
        let busy = busy(&self.members);
        for view in self.fork_servers.cool(folder, &busy) {
            self.tell_fork_server(view);
        }
    }

    fn close_stdin(&mut self, key: &str) -> Result<(), WireError> {
        let member = self.members.get_mut(key).ok_or_else(|| unknown(key))?;
        member.stdin = None;
        member.stored.keep.stdin_open = false;
        member.unwritten |= journal::write(&member.stored).is_err();
        Ok(())
    }

    fn stats(&self) -> Stats {
        let own = proc::stat(rustix::process::getpid().as_raw_pid());
        Stats {
            rss_bytes: own.map_or(0, |stat| stat.resident * proc::page_size()),
            cpu_seconds: own.map_or(0.0, |stat| proc::seconds(stat.ticks)),
            fork_servers: self.fork_servers.views(),
            members: self
                .members
                .values()
                .filter(|member| member.record().alive())
                .count() as u64,
            limits: groups::view(&self.groups),
        }
    }

    fn shutdown(&mut self, reply: Reply) {
        let alive = self
            .members
            .values()
            .filter(|member| member.record().alive())
            .count();
        if self.holds_something() {
            let message = format!("{alive} members live");
            return self.answer(reply, Err::<(), _>(WireError::new("busy", message)));
        }
        self.ending = true;
        self.answer(reply, Ok(json!({})));
    }
}

/// The keys of the fork servers that living members came from.
fn busy(members: &BTreeMap<String, Member>) -> BTreeSet<&String> {
    let alive = members.values().filter(|member| member.record().alive());
    alive.filter_map(|member| member.fork_server.as_ref()).collect()
}

/// The error of a key that is not known.
pub(super) fn unknown(key: &str) -> WireError {
    WireError::new("not_found", format!("there is no member `{key}`"))
}

/// A line without a usable id cannot be answered: its connection is given up.
fn parse(line: &[u8]) -> Result<Request, (Option<u64>, WireError)> {
    let bad = |id, message: String| (id, WireError::new("bad_request", message));
    let value: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| bad(None, error.to_string()))?;
    let id = value.get("id").and_then(serde_json::Value::as_u64);
    let op = value
        .get("op")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !Op::NAMES.contains(&op.as_str()) {
        return Err((
            id,
            WireError::new("unknown_op", format!("there is no operation `{op}`")),
        ));
    }
    serde_json::from_value(value).map_err(|error| bad(id, format!("`{op}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_name_and_others_are_named_in_the_error() {
        let hello =
            parse(br#"{"id": 1, "op": "hello", "version": "1", "later": true}"#).expect("parses");
        assert_eq!(
            hello.op,
            Op::Hello {
                version: "1".into()
            }
        );
        assert!(matches!(
            parse(br#"{"id": 2, "op": "stats"}"#),
            Ok(Request {
                id: 2,
                op: Op::Stats
            })
        ));
        let (id, error) = parse(br#"{"id": 3, "op": "dance"}"#).expect_err("unknown");
        assert_eq!((id, error.code.as_str()), (Some(3), "unknown_op"));
        let (id, error) = parse(br#"{"id": 4, "op": "stop"}"#).expect_err("no key");
        assert_eq!((id, error.code.as_str()), (Some(4), "bad_request"));
        assert!(parse(b"not json").expect_err("no id").0.is_none());
    }
}
