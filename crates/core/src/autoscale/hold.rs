//! How long spare workers are kept: work that comes back finds them, and what never comes back costs as little as can be.
//!
//! Without experience a spare worker is kept for about as long as letting it go and starting it again would cost, which
//! is never more than twice the best that anyone could have done (the rent-or-buy argument). With experience of how
//! long lulls last in this cluster, the time is taken that would have cost least so far.

use std::time::Duration;

use caddis_types::Timestamp;

use super::decide::Scene;
use super::memory::{Dip, Level, Memory};

/// So many lulls make an experience.
const EXPERIENCE: f64 = 1.5;
/// Kept at most this many times as long as without experience.
const LONGEST: f64 = 4.0;
/// A lull that lasts longer is no lull but the new state of things, seconds.
const FOREVER: f64 = 3.0 * 3600.0;
/// Levels that are remembered; more are merged.
const LEVELS: usize = 12;

/// How long, seconds.
pub(super) fn seconds(scene: &Scene<'_>) -> f64 {
    let restart = scene.policy.hold_starts * scene.start_seconds();
    let shortest = scene.policy.shrink_after_seconds;
    let dips = &scene.memory.dips;
    if dips.count() < EXPERIENCE || restart <= shortest {
        return restart.max(shortest);
    }
    let cost = |hold: f64| -> f64 {
        dips.lengths().map(|(length, count)| count * if length <= hold { length } else { hold + restart }).sum()
    };
    let lengths =
        dips.lengths().filter(|(length, count)| *count > 0.01 && *length > shortest && *length <= LONGEST * restart);
    let best = lengths.map(|(length, _)| length).chain([shortest]).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
    best.unwrap_or(shortest)
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

    /// Learns from lulls: one begins when less than half is needed, and ends when that much is needed again.
    pub(super) fn notice_lull(&mut self, current: u32, needed: u32, now: Timestamp) {
        match self.dip {
            None if needed < current.div_ceil(2) => self.dip = Some(Dip { since: now, workers: current }),
            Some(dip) => {
                let length = now.since(dip.since).as_secs_f64();
                let over = needed >= dip.workers.div_ceil(2);
                if over || length > FOREVER {
                    self.dips.add(length);
                    self.dip = None;
                }
            }
            None => {}
        }
    }
}
