//! Putting members into their groups, and taking the groups away after them.

use super::keeper::Keeper;
use super::say;
use super::wire::KilledBy;

impl Keeper {
    /// Puts those that were let go in this turn into their groups. At the end of the turn, since the kernel takes some
    /// 10 ms for it, and a member that starts has not taken memory by then.
    pub(super) fn group_fresh_ones(&mut self) {
        for key in std::mem::take(&mut self.ungrouped) {
            let (Ok(groups), Some(member)) = (&self.groups, self.members.get_mut(&key)) else {
                continue;
            };
            let limit = member.stored.keep.memory_limit.filter(|limit| *limit > 0);
            let Some((process, limit)) = member.process.as_ref().zip(limit) else {
                continue;
            };
            match groups.hold(&key, process.pid, limit) {
                Ok(group) => member.group = Some(group),
                Err(error) => say(&format!("`{key}` has no group, its memory is only watched: {error}")),
            }
        }
    }

    /// Takes hold of the groups of members that live, and of those that nobody is in any more.
    pub(super) fn adopt_groups(&mut self) {
        let groups = match &self.groups {
            Ok(groups) => groups,
            Err(why) => return say(&format!("memory is only watched: {why}")),
        };
        say(&format!("memory is watched, and limited by groups in `{}`", groups.folder().display()));
        let mut left = groups.all();
        for (key, member) in &mut self.members {
            if member.process.is_some() {
                member.group = groups.find(key);
                left.retain(|group| !member.group.as_ref().is_some_and(|own| own.is(group)));
            }
        }
        self.left_groups = left;
        self.remove_left_groups();
    }

    /// The kernel's word for the end of a member that it killed for its group's limit; the group is not needed then.
    pub(super) fn leave_group(&mut self, key: &str) -> Option<KilledBy> {
        let member = self.members.get_mut(key)?;
        let mut group = member.group.take()?;
        let limit = member.stored.keep.memory_limit.unwrap_or(0);
        let killed = group.overflowed().then(|| KilledBy::Memory {
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
