//! Taking over what an earlier keeper held.
//!
//! What it wrote down tells what may run; (boot id, pid, start time) tells what does. A record without a pid is of a
//! member that was never let go: it did nothing, and the process that waits for `go` ends by itself when its status
//! socket does.

use std::fs;
use std::time::Duration;

use super::ending::{began, last_words};
use super::journal::{self, Damaged, Keep, Stored};
use super::keeper::Keeper;
use super::member::Member;
use super::process::Process;
use super::sweep::Scope;
use super::wire::{Exit, Kind, Record, State};
use super::{clock, say, stdio};

impl Keeper {
    /// Reads every record and takes hold of what lives. What ended may have left something that the keeper before us
    /// had no time to clear away.
    pub(super) fn adopt_all(&mut self) {
        let now = clock::now();
        let (stored, damaged) = journal::load(self.home.path());
        for stored in stored {
            let key = stored.record.key.clone();
            let alive = stored.record.alive();
            self.members.insert(key.clone(), Member::stored(stored));
            if alive {
                self.adopt(&key, now);
            } else {
                self.sweep(Scope::Member(key), now);
            }
        }
        self.remove_old_logs();
        self.adopt_groups();
        for damaged in damaged {
            self.adopt_damaged(damaged, now);
        }
        let alive = self
            .members
            .values()
            .filter(|member| member.record().alive())
            .count();
        say(&format!(
            "keeper serves `{}`: {} records, {alive} live",
            self.home.path().display(),
            self.members.len()
        ));
    }

    /// Fork servers end with their keeper, and what they said has no reader any more.
    fn remove_old_logs(&self) {
        let entries = fs::read_dir(self.home.path())
            .into_iter()
            .flatten()
            .flatten();
        let old = entries.filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("forkserver-")
        });
        for entry in old {
            fs::remove_file(entry.path()).ok();
        }
    }

    fn adopt(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let record = member.record();
        if record.boot_id != self.boot_id {
            return self.ended(key, Exit::Unknown("host rebooted".into()), now);
        }
        let Some((pid, start_time)) = record.pid.zip(record.start_time) else {
            return self.ended(key, Exit::Unknown("never started".into()), now);
        };
        let Some(process) = Process::adopt(pid, start_time) else {
            let exit = last_words(record);
            return self.ended(key, exit, now);
        };
        say(&format!("`{key}` lives as process {pid} and is taken over"));
        member.process = Some(process);
        member.begin_watching(now);
        member.reopen_stdin();
        member.record_mut().began |= began(member.record());
        self.look_for_ready(key);
    }

    /// What a damaged record spoke of cannot be known: so it is ended, and its key stays used.
    fn adopt_damaged(&mut self, damaged: Damaged, now: Duration) {
        let key = format!("{}/{}", damaged.cluster, damaged.name);
        say(&format!(
            "the record of `{key}` is damaged: {}",
            damaged.what
        ));
        let stored = Stored {
            record: blank(&damaged, &key, &self.boot_id),
            keep: no_keep(&damaged),
        };
        self.members.insert(key.clone(), Member::stored(stored));
        self.ended(&key, Exit::Unknown("its record was damaged".into()), now);
        self.sweep(Scope::Member(key), now);
    }
}

impl Member {
    /// Holds its standard input again. What was not closed on purpose stays open as long as somebody holds it.
    fn reopen_stdin(&mut self) {
        if self.stored.keep.stdin_open {
            self.stdin = stdio::open_writer(&self.record().folder.join("stdin")).ok();
        }
    }
}

fn blank(damaged: &Damaged, key: &str, boot_id: &str) -> Record {
    let kind = match damaged.name.split(['.', '-']).next() {
        Some("scheduler") => Kind::Scheduler,
        Some("setup") => Kind::Setup,
        Some(name) if name.starts_with("job") => Kind::Job,
        _ => Kind::Worker,
    };
    Record {
        key: key.to_owned(),
        cluster: damaged.cluster.clone(),
        kind,
        folder: damaged.folder.clone(),
        state: State::Started,
        boot_id: boot_id.to_owned(),
        pid: None,
        start_time: None,
        intent_at: 0,
        started_at: None,
        ready_at: None,
        ended_at: None,
        started_tick: None,
        lived_micros: None,
        ready: None,
        note: Some(serde_json::json!({ "damaged": damaged.what })),
        rss: 0,
        peak_rss: 0,
        cpu_seconds: 0.0,
        exit: None,
        killed_by: None,
        began: false,
    }
}

fn no_keep(damaged: &Damaged) -> Keep {
    Keep {
        stdout: damaged.folder.join("stdout"),
        stderr: damaged.folder.join("stderr"),
        memory_limit: None,
        terminate: 1.0,
        output_limit: None,
        lease: None,
        lease_seconds: None,
        stdin_open: false,
    }
}
