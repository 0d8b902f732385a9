//! How long spare workers are kept: work that comes back finds them, and what never comes back costs as little as can be.
//!
//! Without experience a spare worker is kept for as long as letting it go and starting it again would cost, in money and
//! in waiting, which is never more than twice the best that anyone could have done (the rent-or-buy argument). With
//! experience of how long pauses last in this cluster, the time is taken that would have cost least so far. While
//! something still runs, what it has taken so far says how long the others would wait for it.
//!
//! Where a worker starts in a moment there is little to learn: it is kept for a grace of as long as its start is worth.
//! Work that comes back soon after workers went doubles the grace, so that nothing swings for long.

use std::time::Duration;

use caddis_types::Timestamp;

use super::decide::Scene;
use super::memory::{Level, Memory};

/// What is not known of pauses counts as much as so many that were seen, a length.
const DOUBT: f64 = 0.1;
/// Kept at most this many times as long as without experience.
const LONGEST: f64 = 4.0;
/// However fast workers start, fewer must be enough for this long before one goes, seconds: between two computations of a
/// program nothing runs for a moment.
const LEAST: f64 = 1.0;
/// Of `shrink_after_seconds`, how long those are kept whom a long end leaves without work.
const AT_THE_END: f64 = 0.1;
/// More doublings than from the least to the longest that a policy may say.
const DOUBLINGS: u32 = 17;
/// A pause that lasts longer is no pause but the new state of things, seconds.
const FOREVER: f64 = 3.0 * 3600.0;
/// Levels that are remembered; more are merged.
const LEVELS: usize = 12;

/// How long, seconds.
pub(super) fn seconds(scene: &Scene<'_>) -> f64 {
    let restart = scene.policy.hold_starts * scene.start_seconds();
    let shortest = grace(scene);
    if ends_late(scene) {
        return shortest.min(AT_THE_END * scene.policy.shrink_after_seconds);
    }
    if restart <= shortest {
        return shortest;
    }
    // Before anything is known, a pause of any length is as likely as one of twice that length.
    let pauses = || scene.memory.pauses.expected(DOUBT);
    if scene.memory.pauses.is_empty() {
        return restart;
    }
    let cost = |hold: f64| -> f64 {
        pauses().map(|(length, count)| count * if length <= hold { length } else { hold + restart }).sum()
    };
    let holds = pauses().map(|(length, _)| length).filter(|hold| (shortest..=LONGEST * restart).contains(hold));
    holds.chain([shortest, restart]).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(restart)
}

/// For so long fewer must be enough before one goes, and nobody goes after one was asked for, seconds: what a start is
/// worth, and more where workers that went were asked for again soon; `shrink_after_seconds` at most.
pub(super) fn grace(scene: &Scene<'_>) -> f64 {
    let start = (scene.policy.hold_starts * scene.start_seconds()).max(LEAST);
    let doubled = start * f64::from(1u32 << scene.memory.again.min(DOUBLINGS));
    doubled.min(scene.policy.shrink_after_seconds)
}

/// Workers that are asked for again within so many seconds should not have gone: somewhat more patience would have kept
/// them. Of a longer pause it would have cost more than their start.
pub(super) fn soon(scene: &Scene<'_>) -> f64 {
    2.0 * grace(scene)
}

/// What runs at the end of a stage, while others have nothing to do, takes longer than starting them again would: as
/// long again as it has run, once it has run much longer than such tasks do.
fn ends_late(scene: &Scene<'_>) -> bool {
    let signals = scene.signals;
    let ran = signals.running_longest;
    // The last of many ends later than any one of them.
    let left = ran * (1.0 + signals.executing as f64).ln();
    signals.processing > 0 && ran > 2.0 * signals.longest && left > scene.start_seconds()
}

impl Memory {
    /// Takes in how many workers are needed now; what is older than `hold` is forgotten.
    pub(super) fn remember(&mut self, needed: u32, hold: f64, now: Timestamp) {
        if let Some(last) = self.levels.last_mut() {
            last.at = now;
        }
        while self.levels.last().is_some_and(|level| level.workers <= needed) {
            self.levels.pop();
        }
        self.levels.push(Level { at: now, workers: needed });
        let span = Duration::from_secs_f64(hold);
        self.levels.retain(|level| level.at + span > now || level.at >= now);
        while self.levels.len() > LEVELS {
            self.merge_nearest();
        }
    }

    /// Two levels become one that is as high as the higher and as young as the younger.
    fn merge_nearest(&mut self) {
        let gap = |index: &usize| self.levels[*index].workers - self.levels[*index + 1].workers;
        if let Some(index) = (0..self.levels.len() - 1).min_by_key(gap) {
            self.levels[index].at = self.levels[index + 1].at;
            self.levels.remove(index + 1);
        }
    }

    /// The most that was needed within `hold`, and until when that counts.
    pub(super) fn held(&self, hold: f64) -> Option<(u32, Timestamp)> {
        self.levels.first().map(|level| (level.workers, level.at + Duration::from_secs_f64(hold)))
    }

    /// More are asked for: whether those that went last should have stayed.
    pub(super) fn grow(&mut self, soon: f64, now: Timestamp) {
        // Of several steps up, the first speaks.
        if let Some(shrank) = self.shrank_at.filter(|shrank| self.grew_at.is_none_or(|grew| grew < *shrank)) {
            let regretted = shrank + Duration::from_secs_f64(soon) >= now;
            self.again = if regretted { (self.again + 1).min(DOUBLINGS) } else { self.again.saturating_sub(1) };
        }
        self.grew_at = Some(now);
    }

    /// Learns from pauses: one begins when nothing runs or waits, and ends when something does.
    pub(super) fn notice_pause(&mut self, idle: bool, now: Timestamp) {
        match self.idle_since {
            None if idle => self.idle_since = Some(now),
            Some(since) if !idle => {
                let length = now.since(since).as_secs_f64();
                if length < FOREVER {
                    self.pauses.add(length);
                }
                self.idle_since = None;
            }
            _ => {}
        }
    }
}
