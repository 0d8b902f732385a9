//! The rule.

use std::time::Duration;

use caddis_types::Timestamp;
use caddis_types::shape::WorkerRange;

use super::backlog::Backlog;
use super::growth::{self, Growth};
use super::{Decision, Economy, Memory, Policy, Signals, Why, hold, need, unhelped, words};

/// Everything that a decision goes by, the present size already within the range.
pub(super) struct Scene<'a> {
    pub(super) policy: &'a Policy,
    pub(super) range: WorkerRange,
    pub(super) current: u32,
    pub(super) signals: &'a Signals,
    pub(super) economy: &'a Economy,
    pub(super) memory: &'a Memory,
    pub(super) now: Timestamp,
}

/// No worker starts faster than this, and none is waited for longer, seconds.
const START: std::ops::RangeInclusive<f64> = 0.01..=7200.0;

impl Scene<'_> {
    /// Threads a worker.
    pub(super) fn threads(&self) -> f64 {
        f64::from(self.signals.threads.max(1))
    }

    /// From asking for a worker to its first word, seconds.
    pub(super) fn start_seconds(&self) -> f64 {
        let start = self.economy.start_seconds;
        if start.is_finite() { start.clamp(*START.start(), *START.end()) } else { *START.end() }
    }
}

/// How many workers the cluster should have now. `current` is what it was last told to have.
pub fn decide(
    policy: &Policy,
    range: WorkerRange,
    current: u32,
    signals: &Signals,
    economy: &Economy,
    memory: &Memory,
    now: Timestamp,
) -> Decision {
    let current = current.clamp(range.min, range.max.max(range.min));
    let mut decision = by_rule(&Scene { policy, range, current, signals, economy, memory, now });
    if let Some(unhelped) = decision.memory.unhelped {
        decision.sentence = format!("{}; {}", unhelped::sentence(unhelped.tasks), decision.sentence);
    }
    decision
}

fn by_rule(scene: &Scene<'_>) -> Decision {
    let &Scene { current, signals, memory, now, .. } = scene;
    let backlog = Backlog::of(scene);
    let hold = hold::seconds(scene);
    let growth = match growth::wanted(scene, &backlog) {
        more @ Growth::To { .. } => more,
        none => kept_for_data(scene).unwrap_or(none),
    };
    let needed = need::needed(scene, &backlog, hold);
    let mut next = memory.clone();
    let asked = if let Growth::To { target, .. } = &growth { (*target).max(needed) } else { needed };
    next.notice_unhelped(signals);
    next.notice_pause(signals.runnable() + signals.waiting == 0, now);
    next.remember(asked, hold, now);
    if let Growth::To { target, why, sentence } = growth {
        next.shrink_since = None;
        next.grow(hold::soon(scene), now);
        return Decision { target, why, sentence, due: None, memory: next };
    }
    if needed >= current {
        next.shrink_since = None;
        let (why, sentence, due) = steady(scene, growth);
        return Decision { target: current, why, sentence, due, memory: next };
    }
    shrink(scene, growth, needed, hold, next)
}

/// A number that somebody fixed may have left a worker which nobody wants and which cannot go, since it holds results: it
/// is wanted again, where nothing else asks for more.
fn kept_for_data(scene: &Scene<'_>) -> Option<Growth> {
    let there = scene.signals.ready + scene.signals.retiring;
    let kept = need::for_data(scene).max(u32::from(scene.signals.data_bytes > 0)).min(there).min(scene.range.max);
    (scene.current == 0 && kept > 0).then(|| Growth::To { target: kept, why: Why::AtMinimum, sentence: words::kept(scene, kept) })
}

/// Nobody comes and nobody goes.
fn steady(scene: &Scene<'_>, growth: Growth) -> (Why, String, Option<Timestamp>) {
    match growth {
        Growth::No { why, sentence, due } => (why, sentence, due),
        _ if scene.signals.runnable() + scene.signals.waiting > 0 => (Why::Steady, words::steady(scene), None),
        _ if scene.current == scene.range.min => (Why::Idle, words::idle(scene), None),
        _ => (Why::AtMinimum, words::data(scene), None),
    }
}

/// Fewer would do: for long enough?
fn shrink(scene: &Scene<'_>, growth: Growth, needed: u32, hold: f64, mut next: Memory) -> Decision {
    let Scene { current, now, .. } = *scene;
    next.shrink_since.get_or_insert(now);
    let stay = |next: Memory, why, sentence, due| Decision { target: current, why, sentence, due, memory: next };
    let (held, until) = next.held(hold).unwrap_or((needed, now));
    let young = young_until(scene);
    if held >= current || young.is_some_and(|young| young > now) {
        let due = if held >= current { young.map_or(until, |young| young.max(until)) } else { young.unwrap_or(until) };
        return stay(next, Why::Settling, words::settling(scene, needed, due), Some(due));
    }
    let busy = busy(scene);
    let target = held.max(closable(scene)).max(busy);
    if target >= current && busy == target {
        return stay(next, Why::Busy, words::busy(scene), None);
    }
    if target >= current {
        return stay(next, Why::Steady, words::not_closable(scene), None);
    }
    next.shrink_since = (target > needed).then_some(now);
    next.shrank_at = Some(now);
    let idle = scene.signals.runnable() + scene.signals.waiting == 0;
    let sentence = words::spare(scene, target, hold);
    let due = (held > needed).then_some(until);
    let why = match growth {
        Growth::Nothing if idle && target == scene.range.min => Why::Idle,
        _ => Why::Spare,
    };
    Decision { target, why, sentence, due, memory: next }
}

/// How many busy processors keep: those that have tasks, and all where these do not account for it.
fn busy(scene: &Scene<'_>) -> u32 {
    let signals = scene.signals;
    if signals.cpu < scene.policy.cpu_high || signals.processing == 0 {
        return 0;
    }
    let idle = signals.idle.unwrap_or(0).min(signals.ready);
    let working = f64::from(signals.ready - idle) / f64::from(signals.ready.max(1));
    if signals.cpu > working { scene.current } else { scene.current.saturating_sub(idle) }
}

/// Until when nobody goes because somebody came: it has not arrived, or its first minute is paid for anyway.
fn young_until(scene: &Scene<'_>) -> Option<Timestamp> {
    let paid = scene.economy.least_billed_seconds;
    let paid = if paid.is_finite() { paid.clamp(0.0, 3600.0) } else { 0.0 };
    let young = hold::grace(scene).max(paid).max(scene.start_seconds());
    scene.memory.grew_at.map(|grew| grew + Duration::from_secs_f64(young))
}

/// The fewest that the scheduler would let it have.
fn closable(scene: &Scene<'_>) -> u32 {
    match scene.signals.closable {
        Some(closable) => scene.current.saturating_sub(closable.saturating_add(scene.signals.starting)),
        None => 0,
    }
}
