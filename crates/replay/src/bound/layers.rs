//! For one price of time: for each worker by itself, the cheapest way through all phases.

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
            worker if worker <= min => phases.0.iter().map(|phase| phase.pause + idle(phase, worker)).sum(),
            worker if worker <= always => first(phases, start),
            worker => best(phases, worker, start, price),
        };
    }
    value
}

/// What a worker that stays through a phase costs without working: this many are more than it has work for.
fn idle(phase: &Phase, worker: u32) -> f64 {
    if worker > phase.width { phase.least } else { 0.0 }
}

/// A worker that every phase needs, and that nobody must keep in the pauses.
fn first(phases: &Phases, start: f64) -> f64 {
    start + phases.0.iter().skip(1).map(|phase| phase.pause.min(start)).sum::<f64>()
}

/// A worker beyond those: being there shortens phases, which is worth `price` a second.
fn best(phases: &Phases, worker: u32, start: f64, price: f64) -> f64 {
    let (mut away, mut here) = (0.0f64, f64::INFINITY);
    for phase in &phases.0 {
        let kept = here + phase.pause;
        let came = kept.min(away + start);
        let shorter = phase.durations[(worker - 2) as usize] - phase.durations[(worker - 1) as usize];
        let worked = came - price * shorter;
        let rested = kept + idle(phase, worker);
        here = worked.min(rested);
        away = away.min(here);
    }
    away
}
