//! The end of a member: seen at once, told at once, written down, and followed by the end of all that it left.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde::Deserialize;

use super::keeper::Keeper;
use super::process::exit_of;
use super::sweep::{Scope, Sweep};
use super::sys::Reaped;
use super::wire::{Exit, KilledBy, Record, State};
use super::{clock, sys};

impl Keeper {
    /// Reaps every child that has ended: members, fork servers, and orphans of members.
    pub(super) fn reap_all(&mut self, now: Duration) {
        while let Some(reaped) = sys::reap_one() {
            let held = self.members.iter().find(|(_, member)| {
                member
                    .process
                    .as_ref()
                    .is_some_and(|process| process.child && process.pid == reaped.pid)
            });
            if let Some(key) = held.map(|(key, _)| key.clone()) {
                self.child_ended(&key, reaped, now);
            }
        }
    }

    fn child_ended(&mut self, key: &str, reaped: Reaped, now: Duration) {
        self.hear_member(key);
        if let Some(member) = self.members.get_mut(key) {
            member.record_mut().cpu_seconds = reaped.cpu_seconds;
        }
        self.ended(key, exit_of(reaped.status), now);
    }

    /// The pidfd of a member that is not our child says that it has ended.
    pub(super) fn adopted_ended(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get(key) else {
            return;
        };
        let exit = member
            .process
            .as_ref()
            .and_then(super::process::Process::foreign_exit);
        let exit = exit.map_or_else(
            || last_words(member.record()),
            |exit| unless_never_let_go(exit, member.record()),
        );
        self.look_for_ready(key);
        self.ended(key, exit, now);
    }

    /// Takes down how it ended and clears up after it.
    pub(super) fn ended(&mut self, key: &str, exit: Exit, now: Duration) {
        let killed = exit == Exit::Signal(Signal::KILL.as_raw());
        let oom = killed && self.oom.look(now);
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        if member.launching.is_some() {
            return self.ended_before_go(key, &exit);
        }
        // What the group holds is looked for before the group is let go.
        self.sweep(Scope::Member(key.to_owned()), now);
        let overflow = self.leave_group(key, now).filter(|_| killed);
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        member
            .outputs
            .iter_mut()
            .for_each(|output| drop(output.look(Duration::MAX / 2)));
        member.release();
        let record = member.record_mut();
        record.began |= began(record);
        record.lived_micros = lived(record, &self.boot_id);
        (record.state, record.ended_at, record.exit) =
            (State::Ended, Some(clock::wall()), Some(exit));
        if record.killed_by.is_none() {
            let lapsed = outcome(record).is_some_and(|outcome| outcome.lapsed);
            record.killed_by = match (overflow, oom, lapsed) {
                (Some(overflow), ..) => Some(overflow),
                (_, true, _) => Some(KilledBy::KernelOom),
                (.., true) => Some(KilledBy::Lease),
                _ => None,
            };
        }
        self.changed(key);
        self.flush_later(key);
        self.trim_fork_servers();
    }

    fn ended_before_go(&mut self, key: &str, exit: &Exit) {
        self.fresh.retain(|fresh| fresh != key);
        let how = match exit {
            Exit::Code(code) => format!("with exit code {code}"),
            Exit::Signal(signal) => format!("by signal {signal}"),
            Exit::Unknown(why) => format!("unwatched ({why})"),
        };
        self.refused(
            key,
            format!("the process of `{key}` ended {how} before it was let go"),
        );
    }

    /// Begins to clear up, unless that is under way.
    pub(super) fn sweep(&mut self, scope: Scope, now: Duration) {
        let members = self.members.values().filter(|member| match &scope {
            Scope::Member(key) => member.record().key == *key,
            Scope::Cluster(cluster) => member.record().cluster == *cluster,
        });
        let roots: BTreeSet<(i32, u64)> = members.flat_map(super::member::Member::roots).collect();
        match self.sweeps.iter_mut().find(|sweep| *sweep.scope() == scope) {
            Some(sweep) => sweep.again(roots, now),
            None => self.sweeps.push(Sweep::new(scope, roots, now)),
        }
    }
}

/// How long it ran. What ended while no keeper watched is taken to have run until one did.
fn lived(record: &Record, boot_id: &str) -> Option<u64> {
    let started = record.started_tick.filter(|_| record.boot_id == boot_id)?;
    Some(clock::ticks().saturating_sub(started))
}

/// What is known of the end of a process that nobody could wait for.
pub(super) fn last_words(record: &Record) -> Exit {
    match outcome(record) {
        Some(outcome) => Exit::Code(outcome.code),
        None => Exit::Unknown("keeper was away".into()),
    }
}

/// What a member wrote before it ended in an orderly way.
#[derive(Deserialize)]
struct Outcome {
    code: i32,
    /// It closed since nobody renewed the lease of its cluster.
    #[serde(default)]
    lapsed: bool,
}

fn outcome(record: &Record) -> Option<Outcome> {
    let text = fs::read(record.folder.join("outcome.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

/// A member that sees its keeper die before `go` leaves politely, having done nothing. Of a job
/// that must not be taken for success.
fn unless_never_let_go(exit: Exit, record: &Record) -> Exit {
    match exit {
        Exit::Code(0) if record.kind.is_script() && !began(record) => {
            Exit::Unknown("never let go".into())
        }
        other => other,
    }
}

/// Whether a script reached its user's code.
pub(super) fn began(record: &Record) -> bool {
    record.kind.is_script() && record.folder.join("begun").exists()
}
