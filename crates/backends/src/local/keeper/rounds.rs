//! What is due by time: ladders, memory, output, leases, sweeps, and a slow round over everything.
//!
//! The slow round exists only while something lives: an idle keeper sleeps until its end.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::keeper::Keeper;
use super::wire::{KilledBy, State};
use super::{clock, journal, proc, say};

const SLOW: Duration = Duration::from_secs(1);
/// While the readiness of an adopted member can only be seen in a file.
const EAGER: Duration = Duration::from_millis(100);
const LEASE: Duration = Duration::from_secs(10);
/// Memory looks may take this much of a second; more, and they are made less often.
const LOOKS_MAX: Duration = Duration::from_millis(12);

impl Keeper {
    /// When the next thing is due; nothing while only a descriptor can wake us.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let members = self.members.values().filter_map(super::member::Member::due);
        let sweeps = self.sweeps.iter().map(super::sweep::Sweep::due);
        let quiet = !self.holds_something() && self.connections.is_empty();
        let end = quiet.then(|| self.quiet_since + self.options.idle_end);
        let slow = self.needs_slow_round().then_some(self.slow_due);
        members
            .chain(sweeps)
            .chain(self.fork_servers.due(self.options.fork_max))
            .chain(end)
            .chain(slow)
            .chain(self.unflushed.due())
            .chain(self.grouping_due())
            .chain(self.thrift_due)
            .min()
    }

    fn needs_slow_round(&self) -> bool {
        self.members
            .values()
            .any(|member| member.process.is_some() || member.unwritten)
            || self.has_lapsed_lease()
            || !self.left_groups.is_empty()
    }

    /// Does everything that is due.
    pub(super) fn do_what_is_due(&mut self, now: Duration) {
        let due: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| member.due().is_some_and(|due| due <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            self.climb(&key, now);
            self.look_at_memory(&key, now);
            self.look_at_outputs(&key, now);
            self.renew_lease(&key, now);
        }
        for key in self.fork_servers.hung(now, self.options.fork_max) {
            say("a fork server hangs and is ended");
            self.fork_server_fell(&key, now);
        }
        if self.slow_due <= now && self.needs_slow_round() {
            self.slow_round(now);
        }
        self.sweep_what_is_due(now);
        self.be_thrifty(now);
    }

    fn look_at_memory(&mut self, key: &str, now: Duration) {
        let before = clock::now();
        let slower = self.slower;
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let Some(watch) = member.watch.as_mut() else {
            return;
        };
        let Some(sight) = watch.look(now, slower) else {
            return;
        };
        let limit = watch.limit();
        let record = member.record_mut();
        record.rss = sight.rss;
        record.peak_rss = record.peak_rss.max(sight.rss);
        self.looked_for += clock::now().saturating_sub(before);
        if let Some(pss) = sight.over {
            self.kill(
                key,
                KilledBy::Memory {
                    rss: sight.rss,
                    limit,
                    pss,
                },
            );
        }
    }

    fn look_at_outputs(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let troubles: Vec<_> = member
            .outputs
            .iter_mut()
            .filter_map(|output| output.look(now).err())
            .collect();
        for error in troubles {
            say(&format!(
                "an output file of `{key}` cannot be shortened: {error}"
            ));
            member.outputs.clear();
        }
    }

    fn renew_lease(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        if member.lease_due.is_none_or(|due| due > now) {
            return;
        }
        member.lease_due = Some(now + LEASE);
        let Some(lease) = &member.stored.keep.lease else {
            return;
        };
        if let Err(error) = touch(lease) {
            say(&format!(
                "the lease `{}` cannot be renewed: {error}",
                lease.display()
            ));
        }
    }

    fn slow_round(&mut self, now: Duration) {
        self.oom.look(now);
        self.balance_looks();
        self.watch_leases(now);
        let keys: Vec<String> = self.members.keys().cloned().collect();
        for key in &keys {
            self.look_for_ready(key);
            self.look_at_usage(key, now);
            self.write_again(key);
        }
        let awaits = |member: &super::member::Member| {
            member.record().state == State::Started
                && member.status.is_none()
                && member.process.is_some()
        };
        self.slow_due = now
            + if self.members.values().any(awaits) {
                EAGER
            } else {
                SLOW
            };
    }

    fn look_at_usage(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let Some(stat) = member
            .process
            .as_ref()
            .and_then(|process| proc::stat(process.pid))
        else {
            return;
        };
        member.remember_descendants();
        if let Some(group) = member.group.as_mut() {
            // Of what it started, unless it ends itself soon: the task that waits for that says so.
            group.overflowed(now);
        }
        let record = member.record_mut();
        record.rss = stat.resident * proc::page_size();
        record.peak_rss = record.peak_rss.max(record.rss);
        record.cpu_seconds = proc::seconds(stat.ticks);
    }

    fn write_again(&mut self, key: &str) {
        let Some(member) = self.members.get_mut(key).filter(|member| member.unwritten) else {
            return;
        };
        member.unwritten = journal::write(&member.stored).is_err();
    }

    fn balance_looks(&mut self) {
        let spent = std::mem::take(&mut self.looked_for);
        if spent > LOOKS_MAX {
            self.slower = (self.slower * 2).min(16);
        } else if spent < LOOKS_MAX / 4 {
            self.slower = (self.slower / 2).max(1);
        }
    }
}

fn touch(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    Ok(rustix::fs::futimens(
        &file,
        &Timestamps {
            last_access: now,
            last_modification: now,
        },
    )?)
}
