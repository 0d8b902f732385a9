//! What more workers would be for.
//!
//! All workers that the work could use end it soonest; the fewest that end it almost as soon (`slack`) are asked for. A
//! worker is not asked for that would find too little to do when it arrives: it is paid for while it starts.

use std::time::Duration;

use caddis_types::Timestamp;

use super::Why;
use super::backlog::{Backlog, workers};
use super::decide::Scene;
use super::words;

/// More of this share of unmeasured durations, and the estimate is a guess.
const GUESSED: f64 = 0.5;
/// Seen to take this many times the average: durations differ much.
const UNEVEN: f64 = 3.0;
/// Workers asked for because memory is short bring it down to this share of the mark.
const RELIEF: f64 = 0.88;

/// What would be asked for, or why nothing is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Growth {
    /// So many.
    To {
        /// How many.
        target: u32,
        why: Why,
        sentence: String,
    },
    /// No more, though there is work.
    No { why: Why, sentence: String, due: Option<Timestamp> },
    /// There is nothing that more could do.
    Nothing,
}

pub(super) fn wanted(scene: &Scene<'_>, backlog: &Backlog) -> Growth {
    let max = scene.range.max;
    if let Some(target) = for_memory(scene).filter(|target| *target > scene.current) {
        let target = target.min(max);
        return match target > scene.current {
            true => Growth::To { target, why: Why::Memory, sentence: words::memory(scene, target) },
            false => no(Why::AtMaximum, words::memory_at_maximum(scene)),
        };
    }
    let useful = backlog.useful();
    if useful <= scene.current || backlog.standing == 0.0 {
        return Growth::Nothing;
    }
    if scene.current >= max {
        return no(Why::AtMaximum, words::at_maximum(scene, backlog));
    }
    let limit = worthwhile(scene, backlog, useful.min(max));
    if limit <= scene.current {
        return for_cpu(scene, useful).unwrap_or_else(|| no(Why::TooLate, words::too_late(scene, backlog)));
    }
    let deadline = slack(scene) * backlog.ends(limit);
    if backlog.ends(scene.current) <= deadline {
        return for_cpu(scene, useful).unwrap_or_else(|| no(Why::TooLate, words::too_late(scene, backlog)));
    }
    let target = fewest(scene.current + 1, limit, |workers| backlog.ends(workers) <= deadline);
    if guessed(scene) {
        return by_guess(scene, backlog, target);
    }
    Growth::To { target, why: Why::Backlog, sentence: words::backlog(scene, backlog, target) }
}

/// Whether the estimate is a guess, for the most part.
fn guessed(scene: &Scene<'_>) -> bool {
    scene.signals.unknown > GUESSED
}

/// Where durations differ much, the end is that of a long task which nobody can tell from the others: the sooner all are
/// begun the better, and no slack is taken. Of tasks that nobody has seen end nobody knows how much they differ.
fn slack(scene: &Scene<'_>) -> f64 {
    let signals = scene.signals;
    let differ = guessed(scene) || signals.longest_seen > UNEVEN * signals.longest;
    if differ { 1.0 } else { scene.policy.slack }
}

fn no(why: Why, sentence: String) -> Growth {
    Growth::No { why, sentence, due: None }
}

/// As many as find enough to do to be worth their start, in time and in money.
fn worthwhile(scene: &Scene<'_>, backlog: &Backlog, top: u32) -> u32 {
    let left = backlog.left_at_arrival();
    if left == 0.0 {
        return scene.current;
    }
    let (start, policy) = (scene.start_seconds(), scene.policy);
    let each = policy.least_work_seconds.max(policy.work_per_start * start) * scene.threads();
    let by_work = if each > 0.0 { (left / each).floor() } else { f64::INFINITY };
    let price = scene.economy.worker_hour.dollars();
    let by_money = if policy.hour_worth > 0.0 && price > 0.0 && start > 0.0 {
        // One more costs its start; it saves left / (threads x n^2) seconds.
        (policy.hour_worth / price * left / scene.threads() / start).sqrt().floor()
    } else {
        f64::INFINITY
    };
    let enough = by_work.min(by_money).min(f64::from(top)) as u32;
    // Without any worker nothing ends at all.
    enough.max(u32::from(scene.current == 0))
}

/// Nobody measured these tasks: as many as is shown by how long some of them have been running; else twice as many, and
/// no more before those are here.
fn by_guess(scene: &Scene<'_>, backlog: &Backlog, target: u32) -> Growth {
    let shown = shown(scene, backlog);
    let doubled = match on_their_way(scene) {
        Some(due) if shown <= scene.current => {
            return Growth::No { why: Why::Steady, sentence: words::guess(scene), due: Some(due) };
        }
        Some(_) => 0,
        None => scene.current.saturating_mul(2).max(1),
    };
    let target = target.min(shown.max(doubled));
    Growth::To { target, why: Why::Backlog, sentence: words::backlog(scene, backlog, target) }
}

/// As many as would be worth it if only that were to do which is no guess: what was measured, and of a kind that was
/// not, how long one of its tasks has been running.
fn shown(scene: &Scene<'_>, backlog: &Backlog) -> u32 {
    let signals = scene.signals;
    let share = 1.0 - signals.guessed_seconds / (signals.occupancy + signals.queued_seconds);
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    worthwhile(scene, &backlog.shortened(share), backlog.useful().min(scene.range.max))
}

/// Until when workers that were asked for may still arrive.
fn on_their_way(scene: &Scene<'_>) -> Option<Timestamp> {
    let due = scene.memory.grew_at? + Duration::from_secs_f64(scene.start_seconds());
    (due > scene.now && scene.signals.ready < scene.current).then_some(due)
}

/// Busy processors, more tasks than free threads, and durations that nobody knows: a little more, so that it is not
/// only the estimate that speaks. Where durations are known, the estimate knows better.
fn for_cpu(scene: &Scene<'_>, useful: u32) -> Option<Growth> {
    let signals = scene.signals;
    let free = (u64::from(signals.ready) * u64::from(signals.threads)).saturating_sub(signals.executing);
    let busy = signals.cpu >= scene.policy.cpu_high && signals.cpu > 0.0;
    let more = signals.processing.saturating_sub(signals.executing) + signals.queued;
    if !busy || more <= free || !guessed(scene) || on_their_way(scene).is_some() {
        return None;
    }
    let share = (signals.cpu / scene.policy.cpu_high.max(0.01)).min(2.0);
    let target = workers(f64::from(scene.current) * share).max(scene.current + 1).min(useful).min(scene.range.max);
    (target > scene.current).then(|| Growth::To { target, why: Why::Busy, sentence: words::cpu(scene, target) })
}

/// Enough for the memory in use to lie below the mark; only while something runs that needs it.
fn for_memory(scene: &Scene<'_>) -> Option<u32> {
    let signals = scene.signals;
    let works = signals.processing + signals.queued + signals.waiting > 0;
    let short = signals.memory >= scene.policy.memory_high && signals.memory.is_finite();
    let room = scene.policy.memory_high * RELIEF;
    (works && short).then(|| workers(f64::from(signals.ready) * signals.memory.min(8.0) / room))
}

/// The smallest number from `least` to `most` for which it holds, where it holds for all above it.
fn fewest(mut least: u32, mut most: u32, holds: impl Fn(u32) -> bool) -> u32 {
    while least < most {
        let middle = least + (most - least) / 2;
        if holds(middle) { most = middle } else { least = middle + 1 }
    }
    least
}
