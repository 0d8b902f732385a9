//! A chain of phases, each with the shortest duration that so many workers allow.

use super::idle::waits;
use super::order::{exact, last_end, work};
use crate::model::Settings;
use crate::trace::{Group, Trace};

/// One phase.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// Between the end of the one before and this, seconds.
    pub(super) pause: f64,
    /// What is paid at least while it is worked on, seconds of a worker.
    pub(super) busy: f64,
    /// By the number of those that stay to its end, less one: what the last of them waits at least, seconds.
    pub(super) waits: Vec<f64>,
    /// By the number of workers less one: the shortest that it can take, made convex from below.
    pub(super) durations: Vec<f64>,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Phases(pub(super) Vec<Phase>);

impl Phases {
    /// Sooner than this nobody is done, seconds.
    pub(super) fn fastest(&self) -> f64 {
        self.0.iter().map(|phase| phase.pause + phase.durations.last().copied().unwrap_or_default()).sum()
    }

    pub(super) fn of(trace: &Trace, settings: &Settings) -> Phases {
        let phases = trace.groups.iter().enumerate().map(|(index, group)| phase(group, settings, index == 0));
        Phases(phases.collect())
    }
}

fn phase(group: &Group, settings: &Settings, is_first: bool) -> Phase {
    let threads = u64::from(settings.threads.max(1));
    let width = group.count().div_ceil(threads);
    let busy = if group.is_even() { width as f64 * exact(group.longest()) } else { work(group) / threads as f64 };
    let pause = if is_first { group.at } else { 0.0 } + group.pause.unwrap_or(0.0);
    // The very first has only the fewest until the others have started.
    let alone = if is_first { (settings.economy.start_seconds - pause).max(0.0) } else { 0.0 };
    let durations = convex(&shortest(group, settings, alone));
    Phase { pause, busy, waits: waits(group, threads, settings.range.max.max(1)), durations }
}

/// By the number of workers less one: the shortest that it can take where those beyond the fewest come after `alone`.
fn shortest(group: &Group, settings: &Settings, alone: f64) -> Vec<f64> {
    let (range, threads) = (settings.range, u64::from(settings.threads.max(1)));
    let (min, max) = (range.min, range.max.max(1));
    let shortest = |workers: u32| {
        let early = workers.min(min);
        last_end(group, u64::from(early) * threads, u64::from(workers - early) * threads, alone)
    };
    let mut durations = Vec::with_capacity(max as usize);
    for workers in numbers(max, group.tasks.len()) {
        // With fewer it takes no less; between two numbers that is close enough.
        durations.resize(workers as usize, shortest(workers));
    }
    durations
}

/// Numbers of workers that are looked at, the most among them: each one, or so many that a step is a few per cent. Fewer
/// where a look takes long, since the group has many kinds of tasks.
fn numbers(max: u32, kinds: usize) -> impl Iterator<Item = u32> {
    let looks = (400_000 / kinds.max(1)).clamp(10, 400);
    let step = f64::from(max).powf(1.0 / looks as f64);
    std::iter::successors(Some(1), move |n| (*n < max).then(|| (*n + 1).max((f64::from(*n) * step) as u32).min(max)))
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
