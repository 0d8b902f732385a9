//! Below what a cluster must not fall now, and why.

use super::backlog::{Backlog, workers};
use super::decide::Scene;

/// Memory in use on those that stay, of the mark: what is on the others must find room.
const ROOM: f64 = 0.8;
/// A worker that has more of its memory in use besides results, as far as Dask can tell, may hold results whose size Dask
/// estimates too low.
const UNEXPLAINED: f64 = 0.25;

/// How many workers the work and the data need, within the range; `hold` is how long spare ones are kept.
pub(super) fn needed(scene: &Scene<'_>, backlog: &Backlog, hold: f64) -> u32 {
    let by_work = for_work(scene, backlog, hold);
    by_work.max(for_data(scene)).clamp(scene.range.min, scene.range.max)
}

fn for_work(scene: &Scene<'_>, backlog: &Backlog, hold: f64) -> u32 {
    let signals = scene.signals;
    // What is held back, or bound to the workers that are there, keeps them all.
    if signals.queued > 0 || signals.pinned > 0 {
        return scene.current;
    }
    let tasks = workers((backlog.tasks / scene.threads()).max(0.0));
    let idle = signals
        .idle
        .unwrap_or_else(|| signals.ready.saturating_sub(signals.processing.min(u64::from(u32::MAX)) as u32));
    // A worker whose tasks last longer than it would be kept anyway gains nothing by being told to go.
    let ends_soon = backlog.mean.max(signals.running_longest) / 2.0 < hold;
    if ends_soon { tasks } else { tasks.max(signals.ready.saturating_sub(idle)) }
}

/// As many as have room for the results. What a worker has besides (the interpreter, libraries, what runs) goes with it,
/// and those that stay have it too.
pub(super) fn for_data(scene: &Scene<'_>) -> u32 {
    let signals = scene.signals;
    if signals.data_bytes == 0 {
        return 0;
    }
    if signals.memory_fullest >= scene.policy.memory_high {
        return scene.current;
    }
    let share = |value: f64| if value.is_finite() { value.clamp(0.0, 8.0) } else { 0.0 };
    let data = share(signals.data);
    let besides = (share(signals.memory) - data).max(0.0);
    let room = ROOM * scene.policy.memory_high - besides;
    if room <= 0.0 {
        return scene.current;
    }
    let holders = f64::from(signals.ready.saturating_add(signals.retiring));
    let enough = workers(holders * data / room).max(1);
    // By halves, since the memory of those that stay then shows what it was.
    if besides > UNEXPLAINED { enough.max(scene.current.div_ceil(2)) } else { enough }
}
