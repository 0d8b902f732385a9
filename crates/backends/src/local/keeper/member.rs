//! One member as the keeper holds it: its record, its process and everything that is open for it.
//!
//! `record.state` only moves forward. `process` is there exactly while the state is started or ready; `launching` only
//! while it is intent.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::connection::Lines;
use super::groups::Group;
use super::journal::{Keep, Stored};
use super::ladder::Ladder;
use super::outputs::Output;
use super::proc;
use super::process::Process;
use super::watch::Watch;
use super::wire::{Launch, Record, State};

/// Where an answer goes: connection and request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) connection: u64,
    pub(super) id: u64,
}

/// A start that is under way.
pub(super) struct Launching {
    pub(super) launch: Launch,
    pub(super) waiters: Vec<Reply>,
    /// How often a fork server was asked.
    pub(super) tries: u8,
    /// It was stopped before it ran: it will not be let go.
    pub(super) cancelled: bool,
}

/// A member.
pub(super) struct Member {
    pub(super) stored: Stored,
    pub(super) launching: Option<Box<Launching>>,
    pub(super) process: Option<Process>,
    /// Our end of its status socket; not there after an adoption.
    pub(super) status: Option<Lines>,
    /// The writing end of its standard input.
    pub(super) stdin: Option<OwnedFd>,
    pub(super) ladder: Option<Ladder>,
    pub(super) watch: Option<Watch>,
    pub(super) group: Option<Group>,
    pub(super) outputs: Vec<Output>,
    pub(super) lease_due: Option<Duration>,
    /// Of a forked one: the key of its fork server.
    pub(super) fork_server: Option<String>,
    /// What was seen below it, by (pid, start time).
    descendants: BTreeSet<(i32, u64)>,
    /// Its record on disk is older than the one here, since the disk refused it.
    pub(super) unwritten: bool,
}

impl Member {
    /// A member that is asked for.
    pub(super) fn intended(launch: Launch, reply: Reply, boot_id: &str, wall: i64) -> Self {
        let record = Record {
            key: launch.key.clone(),
            cluster: launch.cluster.clone(),
            kind: launch.kind,
            folder: launch.folder.clone(),
            state: State::Intent,
            boot_id: boot_id.to_owned(),
            pid: None,
            start_time: None,
            intent_at: wall,
            started_at: None,
            ready_at: None,
            ended_at: None,
            started_tick: None,
            lived_micros: None,
            ready: None,
            note: None,
            rss: 0,
            peak_rss: 0,
            cpu_seconds: 0.0,
            exit: None,
            killed_by: None,
            began: false,
        };
        let mut member = Self::stored(Stored {
            record,
            keep: Keep::of(&launch),
        });
        let waiters = vec![reply];
        member.launching = Some(Box::new(Launching {
            launch,
            waiters,
            tries: 0,
            cancelled: false,
        }));
        member
    }

    /// A member of which only the record is known.
    pub(super) fn stored(stored: Stored) -> Self {
        Self {
            stored,
            launching: None,
            process: None,
            status: None,
            stdin: None,
            ladder: None,
            watch: None,
            group: None,
            outputs: Vec::new(),
            lease_due: None,
            fork_server: None,
            descendants: BTreeSet::new(),
            unwritten: false,
        }
    }

    /// Its record.
    pub(super) fn record(&self) -> &Record {
        &self.stored.record
    }

    /// Its record, to be changed.
    pub(super) fn record_mut(&mut self) -> &mut Record {
        &mut self.stored.record
    }

    /// Begins to watch what its launch asked for.
    pub(super) fn begin_watching(&mut self, now: Duration) {
        let keep = &self.stored.keep;
        let pid = self.process.as_ref().map(|process| process.pid);
        self.watch = pid
            .zip(keep.memory_limit.filter(|limit| *limit > 0))
            .and_then(|(pid, limit)| Watch::new(pid, limit, keep.terminate, now));
        self.outputs = keep.output_limit.map_or_else(Vec::new, |limit| {
            let mut paths = vec![keep.stdout.clone(), keep.stderr.clone()];
            paths.dedup();
            paths
                .into_iter()
                .map(|path| Output::new(path, limit, now))
                .collect()
        });
        let leased = self.record().kind.is_script() && self.stored.keep.lease.is_some();
        self.lease_due = leased.then_some(now);
    }

    /// The processes that are known to be its own whatever their marks say: itself, what was seen below it, and what is
    /// in its group.
    pub(super) fn roots(&self) -> impl Iterator<Item = (i32, u64)> {
        let own = self
            .process
            .iter()
            .map(|process| (process.pid, process.start_time));
        let grouped = self.group.iter().flat_map(Group::processes);
        own.chain(self.descendants.iter().copied()).chain(grouped)
    }

    /// Takes down who descends from it now, in case they shed their marks and are orphaned later.
    pub(super) fn remember_descendants(&mut self) {
        let Some(pid) = self.process.as_ref().map(|process| process.pid) else {
            return;
        };
        self.descendants
            .retain(|known| proc::stat(known.0).is_some_and(|stat| stat.start_time == known.1));
        let mut left = vec![pid];
        left.extend(self.descendants.iter().map(|known| known.0));
        while let Some(parent) = left.pop() {
            for child in proc::children(parent) {
                let name = proc::stat(child).map(|stat| (child, stat.start_time));
                if name.is_some_and(|name| self.descendants.insert(name)) {
                    left.push(child);
                }
            }
        }
    }

    /// Lets go of everything that only a living member needs.
    pub(super) fn release(&mut self) {
        self.process = None;
        self.status = None;
        self.stdin = None;
        self.ladder = None;
        self.watch = None;
        self.outputs = Vec::new();
        self.lease_due = None;
        self.launching = None;
    }

    /// When something is to be done for it next, apart from the slow round.
    pub(super) fn due(&self) -> Option<Duration> {
        let ladder = self.ladder.iter().map(Ladder::due);
        let watch = self.watch.iter().map(Watch::due);
        let outputs = self.outputs.iter().map(Output::due);
        ladder
            .chain(watch)
            .chain(outputs)
            .chain(self.lease_due)
            .min()
    }
}
