//! One program whose data fills most of the memory of all the workers that it may have.

use super::dice::{Chain, Dice};
use crate::trace::Group;

/// Memory of one of the mission's workers, bytes.
const WORKER: f64 = 14e9;

pub(super) fn groups(dice: &mut Dice, slots: u64, workers: u64) -> Vec<Group> {
    let mut chain = Chain::default();
    for _ in 0..dice.whole(2, 3) {
        let parts = (slots as f64 * dice.between(3.0, 6.0)) as u64;
        let data = workers as f64 * WORKER * dice.between(0.45, 0.7);
        let (load, map) = (dice.between(15.0, 40.0), dice.between(10.0, 30.0));
        let tasks = dice.tasks(parts, |dice| load * dice.between(0.8, 1.25));
        let pause = dice.magnitude(5.0, 60.0);
        chain.add("load", Some(pause), tasks, (data / parts as f64) as u64);
        let tasks = dice.tasks(parts, |dice| map * dice.between(0.8, 1.25));
        chain.add("transform", None, tasks, (data / parts as f64 / 10.0) as u64);
        let tasks = dice.tasks(parts / 8, |dice| dice.between(5.0, 20.0));
        chain.add("reduce", None, tasks, 10_000_000);
    }
    chain.groups
}
