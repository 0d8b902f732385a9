//! One program that reads, shuffles and aggregates: the second half of a shuffle runs only where its first half began.

use super::dice::{Chain, Dice};
use crate::trace::Group;

pub(super) fn groups(dice: &mut Dice, slots: u64) -> Vec<Group> {
    let mut chain = Chain::default();
    for _ in 0..dice.whole(2, 3) {
        let parts = (slots as f64 * dice.between(4.0, 8.0)) as u64;
        let (read, send, take) = (dice.between(10.0, 30.0), dice.between(5.0, 15.0), dice.between(5.0, 15.0));
        let pause = dice.magnitude(5.0, 60.0);
        let bytes = 100_000_000;
        let tasks = dice.tasks(parts, |dice| read * dice.between(0.8, 1.25));
        chain.add("read", Some(pause), tasks, bytes);
        let tasks = dice.tasks(parts, |dice| send * dice.between(0.8, 1.25));
        chain.add("shuffle-transfer", None, tasks, bytes);
        let transfer = chain.last();
        let tasks = dice.tasks(parts, |dice| take * dice.between(0.8, 1.25));
        chain.add("shuffle-p2p", None, tasks, bytes).pinned_by = transfer;
        let tasks = dice.tasks(parts / 4, |dice| dice.between(5.0, 15.0));
        chain.add("aggregate", None, tasks, 1_000_000);
    }
    chain.groups
}
