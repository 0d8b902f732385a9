//! Records that were written and told, and that the disk has yet to hold.
//!
//! A script's end is flushed in the turn in which it was told. What schedulers and workers did is flushed together, a
//! while after the last of it: only the machine's death could take it away, and then the boot id says all that matters.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::keeper::Keeper;
use super::wire::State;
use super::{clock, journal, say};

/// How long the records of servers may wait.
const LATER: Duration = Duration::from_millis(500);

/// Keys of members.
#[derive(Debug, Default)]
pub(super) struct Unflushed {
    now: BTreeSet<String>,
    later: BTreeSet<String>,
    due: Option<Duration>,
}

impl Unflushed {
    /// When the later ones are to be flushed.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    fn take(&mut self, now: Duration) -> BTreeSet<String> {
        let mut keys = std::mem::take(&mut self.now);
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            keys.append(&mut self.later);
        }
        keys
    }
}

impl Keeper {
    /// A member's record was written, and must come to the disk.
    pub(super) fn flush_later(&mut self, key: &str) {
        let Some(record) = self.members.get(key).map(super::member::Member::record) else {
            return;
        };
        match (record.kind.is_script(), &record.state) {
            (true, State::Ended) => {
                self.unflushed.now.insert(key.to_owned());
            }
            (true, _) => {}
            (false, _) => {
                self.unflushed.later.insert(key.to_owned());
                self.unflushed.due.get_or_insert(clock::now() + LATER);
            }
        }
    }

    /// Puts on the disk what is due. A disk that refuses hides nothing, and is tried again in the slow round.
    pub(super) fn flush_records(&mut self, now: Duration) {
        let mut keys = self.unflushed.take(now);
        keys.retain(|key| self.members.contains_key(key));
        let folders: Vec<&Path> = keys
            .iter()
            .map(|key| self.members[key].record().folder.as_path())
            .collect();
        let flushed = journal::flush(&folders);
        for (key, flushed) in keys.iter().zip(flushed) {
            let Err(error) = flushed else { continue };
            say(&format!("the record of `{key}` cannot be flushed: {error}"));
            if let Some(member) = self.members.get_mut(key) {
                member.unwritten = true;
            }
        }
    }
}
