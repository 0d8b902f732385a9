//! Finds and kills what members left behind: everything that carries their mark, and everything that descends from it.
//!
//! A pass looks at the whole of `/proc`, kills what it finds, and comes again until it finds nothing. Nothing is
//! stopped first: a process that forks faster than it is killed is met again in the next pass, and its children carry
//! the mark too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::Signal;

use super::proc::{self, Stat};
use super::tag::{Mark, mark_of, tag_of};
use super::wire::Launch;

const AGAIN: Duration = Duration::from_millis(3);
/// A process that SIGKILL does not end at once (in the kernel, on a dead disk) is looked at less often.
const STUBBORN: Duration = Duration::from_millis(200);

/// Whose leftovers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// One member's, by its key.
    Member(String),
    /// A whole cluster's.
    Cluster(String),
}

impl Scope {
    /// Whether this launch would be met by a clearing of this scope.
    pub(super) fn covers(&self, launch: &Launch) -> bool {
        match self {
            Self::Member(key) => *key == launch.key,
            Self::Cluster(cluster) => *cluster == launch.cluster,
        }
    }
}

/// One clearing that is under way.
pub(super) struct Sweep {
    scope: Scope,
    /// Processes known to be in it whatever their mark says.
    roots: BTreeSet<(i32, u64)>,
    killed: BTreeSet<(i32, u64)>,
    due: Duration,
    passes: u32,
}

impl Sweep {
    /// A clearing that begins at once.
    pub(super) fn new(scope: Scope, roots: BTreeSet<(i32, u64)>, now: Duration) -> Self {
        Self {
            scope,
            roots,
            killed: BTreeSet::new(),
            due: now,
            passes: 0,
        }
    }

    /// Begins again at once, with these in it too.
    pub(super) fn again(&mut self, roots: BTreeSet<(i32, u64)>, now: Duration) {
        self.roots.extend(roots);
        self.due = now;
    }

    /// When its next pass is due.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// Whose leftovers it clears.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How many processes it has killed.
    pub(super) fn killed(&self) -> usize {
        self.killed.len()
    }

    /// Kills what is found in `seen`; says whether that was nothing, so that the clearing is over.
    pub(super) fn pass(&mut self, seen: &Seen, now: Duration) -> bool {
        let found = seen.find(&self.scope, &self.roots);
        for &(pid, start_time) in &found {
            if kill(pid, start_time) {
                self.killed.insert((pid, start_time));
            }
        }
        self.passes += 1;
        self.due = now + if self.passes > 50 { STUBBORN } else { AGAIN };
        found.is_empty()
    }
}

fn kill(pid: i32, start_time: u64) -> bool {
    let Ok(pidfd) = proc::open(pid) else {
        return false;
    };
    let same = proc::stat(pid).is_some_and(|stat| stat.start_time == start_time);
    same && rustix::process::pidfd_send_signal(&pidfd, Signal::KILL).is_ok()
}

/// Every process at one moment, with its mark.
pub(super) struct Seen {
    all: BTreeMap<i32, (Stat, Option<Mark>)>,
}

impl Seen {
    /// Looks at every process that lives, apart from `spared`: the keeper and its fork servers.
    pub(super) fn now(spared: &BTreeSet<i32>) -> Self {
        let pids = proc::all_pids()
            .into_iter()
            .filter(|pid| !spared.contains(pid));
        let look = |pid| {
            let mark = mark_of(pid);
            let stat = proc::stat(pid).filter(|stat| !stat.gone())?;
            Some((pid, (stat, mark)))
        };
        Self {
            all: pids.filter_map(look).collect(),
        }
    }

    fn find(&self, scope: &Scope, roots: &BTreeSet<(i32, u64)>) -> Vec<(i32, u64)> {
        let (Scope::Member(name) | Scope::Cluster(name)) = scope;
        let tag = tag_of(name);
        let belongs = |mark: &Mark| match scope {
            Scope::Member(key) => mark.is_member(key, tag),
            Scope::Cluster(cluster) => mark.is_of_cluster(cluster, tag),
        };
        let marked = self
            .all
            .iter()
            .filter(|(_, (_, mark))| mark.as_ref().is_some_and(belongs));
        let mut found: BTreeSet<i32> = marked.map(|(pid, _)| *pid).collect();
        let living = |root: &&(i32, u64)| {
            self.all
                .get(&root.0)
                .is_some_and(|(stat, _)| stat.start_time == root.1)
        };
        found.extend(roots.iter().filter(living).map(|root| root.0));
        while self.add_children(&mut found) {}
        found
            .iter()
            .filter_map(|pid| Some((*pid, self.all.get(pid)?.0.start_time)))
            .collect()
    }

    fn add_children(&self, found: &mut BTreeSet<i32>) -> bool {
        let before = found.len();
        let children = self
            .all
            .iter()
            .filter(|(_, (stat, _))| found.contains(&stat.parent));
        let children: Vec<i32> = children.map(|(pid, _)| *pid).collect();
        found.extend(children);
        found.len() > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(parent: i32, mark: Option<Mark>) -> (Stat, Option<Mark>) {
        (
            Stat {
                state: b'S',
                parent,
                ticks: 0,
                start_time: 7,
                resident: 0,
                exit_code: 0,
            },
            mark,
        )
    }

    #[test]
    fn marked_processes_and_all_below_them_are_found_and_nobody_else() {
        let key = |name: &str| Some(Mark::Key(format!("cl_a/{name}")));
        let all = [
            (10, process(1, key("job.1"))),
            (11, process(10, None)),
            (12, process(11, None)),
            (20, process(1, Some(Mark::Tag(tag_of("cl_a/job.1"))))),
            (30, process(1, key("worker-1.1"))),
            (40, process(1, None)),
            (41, process(40, None)),
        ];
        let seen = Seen {
            all: all.into_iter().collect(),
        };
        let pids = |scope, roots: &[i32]| -> Vec<i32> {
            let found = seen.find(&scope, &roots.iter().map(|pid| (*pid, 7)).collect());
            found.into_iter().map(|(pid, _)| pid).collect()
        };
        assert_eq!(
            pids(Scope::Member("cl_a/job.1".into()), &[]),
            [10, 11, 12, 20]
        );
        assert_eq!(
            pids(Scope::Cluster("cl_a".into()), &[]),
            [10, 11, 12, 20, 30]
        );
        assert_eq!(pids(Scope::Cluster("cl_b".into()), &[40]), [40, 41]);
    }
}
