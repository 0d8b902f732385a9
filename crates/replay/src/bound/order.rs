//! How long tasks take on so many threads when they begin in the order that the scheduler has.
//!
//! Whoever is given threads later, or loses some on the way, has every task begin no sooner than with all of them there
//! from the beginning: tasks do not wait for each other within a phase, so more threads never make one later. What it
//! takes with `n` workers at once is therefore a lower bound for everybody who never has more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Micros, micros, seconds};
use crate::trace::Group;

/// Threads that take tasks from the same moment on.
type Free = Reverse<(Micros, u64)>;

/// What all tasks take together, seconds of a thread, each in the whole microseconds that it is replayed in.
pub(super) fn work(group: &Group) -> f64 {
    seconds(group.tasks.iter().map(|(count, each)| *count as i64 * micros(*each).max(1)).sum())
}

/// Seconds until the last task ends, with `threads` of which some are free at 0 and the others later: pairs of seconds
/// and a count.
pub(super) fn last_end(group: &Group, threads: &[(f64, u64)]) -> f64 {
    // Tasks of one duration that find threads free at one moment are one step, so that a million tasks are a few thousand.
    let mut free: BinaryHeap<Free> =
        threads.iter().filter(|(_, count)| *count > 0).map(|(from, count)| Reverse((micros(*from), *count))).collect();
    let mut last = 0;
    for (count, each) in &group.tasks {
        let (mut left, each) = (*count, micros(*each).max(1));
        while left > 0 {
            let Some(Reverse((at, many))) = free.pop() else { return f64::INFINITY };
            let begun = left.min(many);
            if begun < many {
                free.push(Reverse((at, many - begun)));
            }
            free.push(Reverse((at + each, begun)));
            last = last.max(at + each);
            left -= begun;
        }
    }
    seconds(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(tasks: Vec<(u64, f64)>) -> Group {
        Group {
            group: "g".into(),
            tasks_named: "t".into(),
            user: String::new(),
            at: 0.0,
            after: Vec::new(),
            pause: None,
            tasks,
            bytes: 0,
            pinned_by: None,
        }
    }

    #[test]
    fn tasks_begin_in_their_order() {
        let late = group(vec![(2, 1.0), (1, 10.0)]);
        assert_eq!(last_end(&late, &[(0.0, 2)]), 11.0);
        assert_eq!(last_end(&group(vec![(1, 10.0), (2, 1.0)]), &[(0.0, 2)]), 10.0);
        assert_eq!(last_end(&group(vec![(7, 2.0)]), &[(0.0, 3)]), 6.0);
        // One thread works alone for four seconds.
        assert_eq!(last_end(&group(vec![(8, 2.0)]), &[(0.0, 1), (4.0, 2)]), 8.0);
    }

    #[test]
    fn a_million_tasks_are_as_quick() {
        let tasks = (0..400).map(|kind| (2500, 10.0 + f64::from(kind * 37 % 400) / 100.0)).collect();
        let end = last_end(&group(tasks), &[(0.0, 100_000)]);
        assert!((120.0..144.0).contains(&end), "{end}");
    }
}
