//! One program that computes, thinks, and computes again.

use super::dice::{Chain, Dice};
use crate::trace::Group;

pub(super) fn groups(dice: &mut Dice, slots: u64) -> Vec<Group> {
    let mut chain = Chain::default();
    for _ in 0..dice.whole(6, 10) {
        let name = ["load", "features", "score"][dice.whole(0, 2) as usize];
        let count = (slots as f64 * dice.between(3.0, 10.0)) as u64;
        let each = dice.between(10.0, 40.0);
        let tasks = dice.tasks(count, |dice| each * dice.between(0.8, 1.2));
        let pause = dice.magnitude(5.0, 240.0);
        chain.add(name, Some(pause), tasks, 1_000_000);
    }
    chain.groups
}
