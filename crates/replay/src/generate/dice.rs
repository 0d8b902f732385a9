//! Random numbers of the shapes that work has.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::trace::Group;

/// A seeded source.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Of the same seed every class gets numbers of its own.
    pub(super) fn new(seed: u64, class: &str) -> Dice {
        let salt = class.bytes().fold(0u64, |salt, byte| salt.wrapping_mul(31).wrapping_add(byte.into()));
        Dice(ChaCha8Rng::seed_from_u64(seed ^ (salt << 20)))
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..=high)
    }

    pub(super) fn whole(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// Evenly over orders of magnitude.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// Log-normal: half lie below `median`, two thirds within a factor of `e^spread`.
    pub(super) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        // Box-Muller.
        let radius = (-2.0 * self.between(1e-12, 1.0).ln()).sqrt();
        median * (spread * radius * self.between(0.0, std::f64::consts::TAU).cos()).exp()
    }

    /// Time until the next of something that comes `rate` times a second on average.
    pub(super) fn next_of(&mut self, rate: f64) -> f64 {
        -self.between(1e-12, 1.0).ln() / rate
    }

    /// `count` tasks whose durations `make` draws: whole milliseconds, equal neighbours counted together. Many tasks share
    /// a few hundred durations, so that a trace of a million tasks stays small.
    pub(super) fn tasks(&mut self, count: u64, mut make: impl FnMut(&mut Dice) -> f64) -> Vec<(u64, f64)> {
        let count = count.max(1);
        let kinds = count.min(400);
        let mut tasks: Vec<(u64, f64)> = (0..kinds)
            .map(|kind| {
                let share = count / kinds + u64::from(kind < count % kinds);
                (share, (make(self).clamp(0.001, 2_000_000.0) * 1000.0).round() / 1000.0)
            })
            .collect();
        for index in (1..tasks.len()).rev() {
            let other = self.0.random_range(0..=index);
            tasks.swap(index, other);
        }
        tasks
    }

    #[cfg(test)]
    pub(super) fn raw(&mut self) -> u64 {
        self.0.random()
    }
}

/// A chain: every group added waits for the last one.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) groups: Vec<Group>,
    user: String,
    prefix: String,
    at: f64,
}

impl Chain {
    /// The chain of one of several people, who begins at `at` seconds.
    pub(super) fn of(user: &str, number: usize, at: f64) -> Chain {
        Chain {
            user: user.to_owned(),
            prefix: format!("{user}-{number}-"),
            at: (at * 1000.0).round() / 1000.0,
            ..Chain::default()
        }
    }

    /// Adds a group; with `pause` the program submits it so many seconds after the last one.
    pub(super) fn add(&mut self, name: &str, pause: Option<f64>, tasks: Vec<(u64, f64)>, bytes: u64) -> &mut Group {
        let last = self.groups.last().map(|group| group.group.clone());
        self.groups.push(Group {
            group: format!("{}{}", self.prefix, self.groups.len() + 1),
            tasks_named: name.to_owned(),
            user: self.user.clone(),
            at: if last.is_none() { self.at } else { 0.0 },
            pause: last.as_ref().and(pause).map(|pause| (pause * 1000.0).round() / 1000.0),
            after: last.into_iter().collect(),
            tasks,
            bytes,
            pinned_by: None,
        });
        let index = self.groups.len() - 1;
        &mut self.groups[index]
    }

    /// The name of the last group.
    pub(super) fn last(&self) -> Option<String> {
        self.groups.last().map(|group| group.group.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_draw_different_numbers_of_one_seed() {
        assert_ne!(Dice::new(1, "a").raw(), Dice::new(1, "b").raw());
        assert_eq!(Dice::new(1, "a").raw(), Dice::new(1, "a").raw());
    }

    #[test]
    fn counts_are_kept_however_many() {
        let mut dice = Dice::new(1, "a");
        for count in [1, 7, 400, 12_345] {
            let tasks = dice.tasks(count, |dice| dice.log_normal(5.0, 1.0));
            assert_eq!(tasks.iter().map(|(count, _)| count).sum::<u64>(), count);
        }
    }
}
