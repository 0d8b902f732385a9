//! One program whose tasks differ by orders of magnitude: most take seconds, some many minutes.

use super::dice::{Chain, Dice};
use crate::trace::Group;

/// No task takes longer, seconds.
const LONGEST: f64 = 900.0;

pub(super) fn groups(dice: &mut Dice, slots: u64) -> Vec<Group> {
    let mut chain = Chain::default();
    for stage in 0..dice.whole(3, 5) {
        let count = (slots as f64 * dice.between(8.0, 16.0)) as u64;
        let median = dice.between(10.0, 25.0);
        let tasks = dice.tasks(count, |dice| dice.log_normal(median, 1.2).min(LONGEST));
        // Half of the stages are of one graph, the others are the program's next step.
        let pause = dice.chance(0.5).then(|| dice.magnitude(2.0, 30.0));
        chain.add(["parse", "fit", "merge"][stage as usize % 3], pause, tasks, 2_000_000);
    }
    chain.groups
}
