//! Putting members into their groups, and taking the groups away after them.

use std::time::Duration;

use super::keeper::Keeper;
use super::wire::KilledBy;
use super::{clock, say};

/// How long a member has run before it gets its group. The kernel takes some 10 ms for it, in which the keeper waits and
/// no process of the machine gets a new thread: not while a cluster starts. Its memory is watched from its first moment.
const GROUPED_AFTER: Duration = Duration::from_millis(500);

impl Keeper {
    /// A member was let go: it gets its group in a while.
    pub(super) fn group_later(&mut self, key: &str, now: Duration) {
        self.ungrouped.push((key.to_owned(), now + GROUPED_AFTER));
    }

    /// When the next one is to get its group.
    pub(super) fn grouping_due(&self) -> Option<Duration> {
        self.ungrouped.first().map(|(_, due)| *due)
    }

    /// Puts the next one that is due into its group: one in a turn, at the turn's end, so that nobody waits for many.
    pub(super) fn group_next(&mut self, now: Duration) {
        if self.grouping_due().is_none_or(|due| due > now) {
            return;
        }
        let (key, _) = self.ungrouped.remove(0);
        let (Ok(groups), Some(member)) = (&self.groups, self.members.get_mut(&key)) else {
            return;
        };
        let limit = member.stored.keep.memory_limit.filter(|limit| *limit > 0);
        let Some((process, limit)) = member.process.as_ref().zip(limit) else {
            return;
        };
        match groups.hold(&key, process.pid, limit) {
            Ok(group) => member.group = Some(group),
            Err(error) => say(&format!("`{key}` has no group, its memory is only watched: {error}")),
        }
    }

    /// Takes hold of the groups of members that live, and of those that nobody is in any more.
    pub(super) fn adopt_groups(&mut self) {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(why) => return say(&format!("memory is only watched: {why}")),
        };
        say(&format!("memory is watched, and limited by groups in `{}`", groups.folder().display()));
        let (mut left, now) = (groups.all(), clock::now());
        for (key, member) in &mut self.members {
            if member.process.is_some() {
                member.group = groups.find(key);
                left.retain(|group| !member.group.as_ref().is_some_and(|own| own.is(group)));
                if member.group.is_none() {
                    self.ungrouped.push((key.clone(), now));
                }
            }
        }
        self.left_groups = left;
        self.remove_left_groups();
    }

    /// The kernel's word for the end of a member that it killed for its group's limit; the group is not needed then.
    pub(super) fn leave_group(&mut self, key: &str, now: Duration) -> Option<KilledBy> {
        let member = self.members.get_mut(key)?;
        let mut group = member.group.take()?;
        let limit = member.stored.keep.memory_limit.unwrap_or(0);
        let killed = group.overflowed(now).then(|| KilledBy::Memory {
            rss: group.peak().unwrap_or(limit).max(limit),
            limit,
            pss: None,
        });
        self.left_groups.push(group);
        killed
    }

    /// Removes the groups that are empty by now.
    pub(super) fn remove_left_groups(&mut self) {
        self.left_groups.retain(|group| !group.remove());
    }
}
