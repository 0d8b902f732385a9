//! A chain of phases, each with the shortest duration that so many workers allow.

use crate::model::Settings;
use crate::trace::{Group, Trace};

/// One phase.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// Between the end of the one before and this, seconds.
    pub(super) pause: f64,
    /// What is paid at least while it is worked on, seconds of a worker.
    pub(super) busy: f64,
    /// More workers than this find nothing to do.
    pub(super) width: u32,
    /// The shortest that it can take with any number of workers, seconds.
    pub(super) least: f64,
    /// By the number of workers less one: the shortest that it can take, made convex from below.
    pub(super) durations: Vec<f64>,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Phases(pub(super) Vec<Phase>);

impl Phases {
    pub(super) fn of(trace: &Trace, settings: &Settings) -> Phases {
        let phases = trace.groups.iter().enumerate().map(|(index, group)| phase(group, settings, index == 0));
        Phases(phases.collect())
    }
}

fn phase(group: &Group, settings: &Settings, is_first: bool) -> Phase {
    let (threads, max) = (f64::from(settings.threads.max(1)), settings.range.max.max(1));
    let width = (group.count() as f64 / threads).ceil() as u32;
    let exact: Vec<f64> = (1..=max)
        .map(|workers| if is_first { from_start(group, settings, workers) } else { shortest(group, threads, workers) })
        .collect();
    let durations = convex(&exact);
    let busy = if group.is_even() { f64::from(width) * group.longest() } else { group.seconds() / threads };
    let least = group.longest();
    Phase { pause: if is_first { group.at } else { 0.0 } + group.pause.unwrap_or(0.0), busy, width, least, durations }
}

/// With all of them there when it begins.
fn shortest(group: &Group, threads: f64, workers: u32) -> f64 {
    let slots = f64::from(workers) * threads;
    let even = if group.is_even() { (group.count() as f64 / slots).ceil() * group.longest() } else { 0.0 };
    even.max(group.seconds() / slots).max(group.longest())
}

/// The very first phase: until the others have started, only the fewest are there. Tasks that are submitted later than
/// that find all of them.
fn from_start(group: &Group, settings: &Settings, workers: u32) -> f64 {
    let (threads, start) = (f64::from(settings.threads.max(1)), settings.economy.start_seconds);
    let late = group.at + group.pause.unwrap_or(0.0);
    let alone = (start - late).max(0.0);
    if alone == 0.0 || workers <= settings.range.min {
        return shortest(group, threads, workers);
    }
    let done = f64::from(settings.range.min) * threads * alone;
    let left = group.seconds() - done;
    let end = if left <= 0.0 {
        group.seconds() / (f64::from(settings.range.min) * threads)
    } else {
        alone + left / (f64::from(workers) * threads)
    };
    let longest = if settings.range.min == 0 { alone + group.longest() } else { group.longest() };
    end.max(longest)
}

/// The greatest convex sequence that is nowhere above `values`.
fn convex(values: &[f64]) -> Vec<f64> {
    let mut hull: Vec<usize> = Vec::new();
    for index in 0..values.len() {
        while let [.., a, b] = hull[..] {
            let slope = |from: usize, to: usize| (values[to] - values[from]) / (to - from) as f64;
            if slope(a, b) < slope(b, index) {
                break;
            }
            hull.pop();
        }
        hull.push(index);
    }
    let mut convex = values.to_vec();
    for pair in hull.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        for (step, value) in convex[from..to].iter_mut().enumerate() {
            let share = step as f64 / (to - from) as f64;
            *value = values[from] + share * (values[to] - values[from]);
        }
    }
    convex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_is_convex_and_below() {
        let values = [9.0, 9.0, 4.0, 4.0, 3.9, 1.0, 1.0];
        let hull = convex(&values);
        assert!(hull.iter().zip(values).all(|(low, value)| *low <= value + 1e-12), "{hull:?}");
        assert!(hull.windows(3).all(|w| w[0] + w[2] >= 2.0 * w[1] - 1e-9), "{hull:?}");
        assert_eq!((hull[0], hull[6]), (9.0, 1.0));
    }
}
