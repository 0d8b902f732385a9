//! How long tasks take on so many threads when they begin in the order that the scheduler has.
//!
//! Whoever is given threads later, or loses some on the way, has every task begin no sooner than with all of them there
//! from the beginning: tasks do not wait for each other within a phase, so more threads never make one later. What it
//! takes with `n` workers at once is therefore a lower bound for everybody who never has more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Micros, micros, seconds};
use crate::trace::Group;

/// With more tasks a thread than this the last ones no longer show, and the work divided evenly says the same.
const ROUNDS: u64 = 200;

/// Threads that take tasks from the same moment on.
type Free = Reverse<(Micros, u64)>;

/// A duration in the whole microseconds in which it is replayed.
pub(super) fn exact(duration: f64) -> f64 {
    seconds(micros(duration).max(1))
}

/// What all tasks take together, seconds of a thread.
pub(super) fn work(group: &Group) -> f64 {
    seconds(group.tasks.iter().map(|(count, each)| *count as i64 * micros(*each).max(1)).sum())
}

/// Seconds until the last task ends at the soonest, with so many threads that are free at 0, and so many from `alone` on.
pub(super) fn last_end(group: &Group, early: u64, late: u64, alone: f64) -> f64 {
    let tasks = group.count();
    match tasks / (early + late).max(1) < ROUNDS {
        true => in_order(group, early, late, alone),
        false => evenly(work(group), early, late, alone).max(longest(group, early, alone)),
    }
}

fn longest(group: &Group, early: u64, alone: f64) -> f64 {
    exact(group.longest()) + if early == 0 { alone } else { 0.0 }
}

/// The work divided at will.
fn evenly(work: f64, early: u64, late: u64, alone: f64) -> f64 {
    let (early, late) = (early as f64, late as f64);
    match early * alone >= work {
        true => work / early,
        false => (work + late * alone) / (early + late),
    }
}

fn in_order(group: &Group, early: u64, late: u64, alone: f64) -> f64 {
    // Tasks of one duration that find threads free at one moment are one step: where there are more threads than tasks of
    // a duration, that makes a few thousand of a million.
    let mut free: BinaryHeap<Free> =
        [(0, early), (micros(alone), late)].into_iter().filter(|(_, count)| *count > 0).map(Reverse).collect();
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
        assert_eq!(last_end(&late, 2, 0, 0.0), 11.0);
        assert_eq!(last_end(&group(vec![(1, 10.0), (2, 1.0)]), 2, 0, 0.0), 10.0);
        assert_eq!(last_end(&group(vec![(7, 2.0)]), 3, 0, 0.0), 6.0);
        // One thread works alone for four seconds.
        assert_eq!(last_end(&group(vec![(8, 2.0)]), 1, 2, 4.0), 8.0);
    }

    #[test]
    fn many_tasks_a_thread_are_divided_evenly_which_is_never_longer() {
        for (early, late, alone) in [(2, 3, 7.5), (0, 4, 90.0), (3, 0, 0.0), (5, 5, 1e6)] {
            let many = group((0..3000).map(|kind| (1, 1.0 + f64::from(kind * 37 % 100) / 100.0)).collect());
            let (divided, ordered) = (last_end(&many, early, late, alone), in_order(&many, early, late, alone));
            assert!(divided <= ordered && ordered < divided + 2.0, "{divided} {ordered}");
        }
    }

    #[test]
    fn a_million_tasks_are_as_quick() {
        let tasks = (0..400).map(|kind| (2500, 10.0 + f64::from(kind * 37 % 400) / 100.0)).collect();
        let end = last_end(&group(tasks), 100_000, 0, 0.0);
        assert!((120.0..144.0).contains(&end), "{end}");
    }
}
