//! What is known of how long tasks of a name take: Dask's own estimate, as its scheduler keeps it, and the plain average.

use std::collections::{BTreeMap, BTreeSet};

use caddis_core::record::Took;

use super::{Micros, seconds};

/// Dask's guess at tasks that it has never seen end (`distributed.scheduler.unknown-task-duration`), seconds.
const UNKNOWN: f64 = 0.5;

/// An earlier run's average counts as much as so many tasks of this one, and nothing any more when many have ended.
const EARLIER: f64 = 10.0;
const FEW: f64 = 30.0;

/// What is known of tasks of one name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Dask's `duration_average`; negative when unknown.
    average: f64,
    /// Dask's `max_exec_time`.
    longest_seen: f64,
    /// When those that run began, and which they are.
    running: BTreeSet<(Micros, u64)>,
    /// How many ended, and what they took, seconds.
    done: u64,
    spent: f64,
    /// What an earlier run of the same work taught.
    earlier: Option<Took>,
}

impl Named {
    pub(super) fn begun(&mut self, at: Micros, token: u64) {
        self.running.insert((at, token));
    }

    /// It ended, or was lost with its worker.
    pub(super) fn left(&mut self, began: Micros, token: u64) {
        self.running.remove(&(began, token));
    }

    /// `TaskPrefix.add_duration`.
    pub(super) fn took(&mut self, took: f64) {
        self.average = if self.average < 0.0 { took } else { 0.5 * took + 0.5 * self.average };
        self.done += 1;
        self.spent += took;
    }

    /// `TaskPrefix.add_exec_time`, as heartbeats bring it.
    pub(super) fn heartbeat(&mut self, now: Micros) {
        let Some((began, _)) = self.running.first() else { return };
        let longest = seconds(now - began);
        self.longest_seen = self.longest_seen.max(longest);
        if longest > 2.0 * self.average {
            self.average = -1.0;
        }
    }

    /// `SchedulerState._get_prefix_duration`.
    pub(super) fn dask(&self) -> f64 {
        match () {
            () if self.average >= 0.0 => self.average,
            () if self.longest_seen > 0.0 => 2.0 * self.longest_seen,
            () => UNKNOWN,
        }
    }

    /// The average of those that ended, to which an earlier run adds some tasks, since those that end first are the
    /// short ones; without either Dask's guess.
    pub(super) fn expected(&self) -> f64 {
        let done = self.done as f64;
        let weight = EARLIER * (1.0 - done / FEW).max(0.0);
        match (self.done, self.earlier) {
            (_, Some(earlier)) => (self.spent + weight * earlier.mean) / (done + weight),
            (0, None) => self.dask(),
            (_, None) => self.spent / done,
        }
    }

    /// The longest that one was seen to run, here or in an earlier run.
    pub(super) fn longest_seen(&self) -> f64 {
        self.longest_seen.max(self.earlier.map_or(0.0, |earlier| earlier.longest))
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.done == 0 && self.earlier.is_none()
    }
}

/// What is known of tasks by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    names: BTreeMap<String, usize>,
    all: Vec<Named>,
}

impl Durations {
    /// The place of a name.
    pub(super) fn index(&mut self, name: &str, earlier: Option<Took>) -> usize {
        if let Some(index) = self.names.get(name) {
            return *index;
        }
        let unseen =
            Named { average: -1.0, longest_seen: -1.0, running: BTreeSet::new(), done: 0, spent: 0.0, earlier };
        self.names.insert(name.to_owned(), self.all.len());
        self.all.push(unseen);
        self.all.len() - 1
    }

    pub(super) fn heartbeat(&mut self, now: Micros) {
        self.all.iter_mut().for_each(|named| named.heartbeat(now));
    }

    /// When the oldest of all that run began.
    pub(super) fn oldest(&self) -> Option<Micros> {
        self.all.iter().filter_map(|named| named.running.first()).map(|(began, _)| *began).min()
    }

    pub(super) fn done(&self) -> (u64, f64) {
        self.all.iter().fold((0, 0.0), |(count, spent), named| (count + named.done, spent + named.spent))
    }
}

impl std::ops::Index<usize> for Durations {
    type Output = Named;
    fn index(&self, index: usize) -> &Named {
        &self.all[index]
    }
}

impl std::ops::IndexMut<usize> for Durations {
    fn index_mut(&mut self, index: usize) -> &mut Named {
        &mut self.all[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dask_forgets_what_an_outlier_contradicts() {
        let mut durations = Durations::default();
        let index = durations.index("inc", None);
        assert_eq!(durations.index("inc", None), index);
        let named = &mut durations[index];
        assert_eq!((named.dask(), named.is_unknown()), (0.5, true));
        named.begun(0, 1);
        named.heartbeat(3_000_000);
        assert_eq!(named.dask(), 6.0);
        named.left(0, 1);
        named.took(4.0);
        named.took(2.0);
        assert_eq!((named.dask(), named.expected()), (3.0, 3.0));
        named.begun(10_000_000, 2);
        named.heartbeat(17_000_000);
        assert_eq!((named.dask(), named.expected()), (14.0, 3.0));
    }
}
