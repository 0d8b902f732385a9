//! For one price of time: for each worker by itself, the cheapest way through all phases.
//!
//! A plan is laid out in layers: the `k`th is there where at least `k` workers are, whoever they are. A layer that is there
//! at a phase's end either waited (the sum of such waits is in `idle`), or somebody in it came while another went, or was
//! kept without work. Both cost at least as much as what is asked here: who comes is paid for its start, which is no dearer
//! when the next phase begins, and who does nothing is paid for the whole phase, which is longer than any wait.

use super::phases::{Phase, Phases};
use crate::model::Settings;

/// The bound, seconds of a worker, when a second of the whole is worth `price` seconds of a worker.
pub(super) fn value(phases: &Phases, settings: &Settings, makespan: f64, price: f64) -> f64 {
    let min = settings.range.min;
    // Somebody must be there in every phase.
    let always = min.max(1);
    let start = settings.economy.start_seconds;
    let mut value = -price * makespan;
    for phase in &phases.0 {
        value += phase.busy + price * (phase.pause + phase.durations[(always - 1) as usize]);
    }
    for worker in 1..=settings.range.max {
        value += match worker {
            worker if worker <= min => phases.0.iter().map(|phase| phase.pause + wait(phase, worker).min(start)).sum(),
            worker if worker <= always => first(phases, start),
            worker => best(phases, worker, start, price),
        };
    }
    value
}

/// What a worker waits that stays to the end of a phase, when so many do.
fn wait(phase: &Phase, worker: u32) -> f64 {
    phase.waits[(worker - 1) as usize]
}

/// A worker that every phase needs, and that nobody must keep in the pauses.
fn first(phases: &Phases, start: f64) -> f64 {
    let between = |pair: &[Phase]| (wait(&pair[0], 1) + pair[1].pause).min(start);
    start + phases.0.windows(2).map(between).sum::<f64>()
}

/// A worker beyond those: being there shortens phases, which is worth `price` a second.
fn best(phases: &Phases, worker: u32, start: f64, price: f64) -> f64 {
    let (mut away, mut here) = (0.0f64, f64::INFINITY);
    for phase in &phases.0 {
        let kept = here + phase.pause;
        let came = kept.min(away + start);
        let shorter = phase.durations[(worker - 2) as usize] - phase.durations[(worker - 1) as usize];
        let worked = came - price * shorter;
        here = worked + wait(phase, worker);
        away = away.min(worked);
    }
    away
}
