//! A dozen people on one cluster for two days: much by day, little by night.

use super::dice::{Chain, Dice};
use super::month::in_order;
use crate::trace::Group;

const PEOPLE: usize = 12;
const HOURS: f64 = 48.0;

pub(super) fn groups(dice: &mut Dice, slots: u64) -> Vec<Group> {
    let mut chains = Vec::new();
    for person in 0..PEOPLE {
        let (user, mut at) = (format!("user{person:02}"), 0.0);
        for number in 0.. {
            // Drawn at the rate of the busiest hour, and kept by the hour's share of it.
            at += dice.next_of(1.5 / 3600.0);
            if at > HOURS * 3600.0 {
                break;
            }
            if dice.chance(share(at)) {
                chains.push(program(dice, slots, Chain::of(&user, number, at)));
            }
        }
    }
    in_order(chains)
}

/// How much of the busiest hour's work comes at this time, which begins at midnight.
fn share(at: f64) -> f64 {
    let hour = at / 3600.0 % 24.0;
    let day = (-((hour - 14.0) / 4.0).powi(2)).exp();
    (0.02 + day).min(1.0)
}

fn program(dice: &mut Dice, slots: u64, mut chain: Chain) -> Vec<Group> {
    for _ in 0..dice.whole(1, 3) {
        let count = (slots as f64 * dice.magnitude(0.2, 3.0)) as u64;
        let each = dice.magnitude(3.0, 40.0);
        let pause = dice.magnitude(5.0, 120.0);
        let tasks = dice.tasks(count, |dice| each * dice.between(0.7, 1.3));
        chain.add(["query", "join", "model"][dice.whole(0, 2) as usize], Some(pause), tasks, 5_000_000);
    }
    chain.groups
}
