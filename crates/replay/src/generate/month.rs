//! Thirty people on one cluster for a month: on working days, from nine to six, in sessions with thinking between.

use super::dice::{Chain, Dice};
use crate::trace::Group;

const PEOPLE: usize = 30;
const DAYS: usize = 30;

pub(super) fn groups(dice: &mut Dice, slots: u64) -> Vec<Group> {
    let mut chains = Vec::new();
    for person in 0..PEOPLE {
        let user = format!("user{person:02}");
        for day in (0..DAYS).filter(|day| day % 7 < 5) {
            for session in 0..dice.whole(0, 2) {
                let hour = if session == 0 { dice.between(9.0, 13.0) } else { dice.between(13.0, 17.5) };
                let at = (day as f64 * 24.0 + hour) * 3600.0;
                chains.push(session_of(dice, slots, Chain::of(&user, day * 10 + session as usize, at)));
            }
        }
    }
    in_order(chains)
}

fn session_of(dice: &mut Dice, slots: u64, mut chain: Chain) -> Vec<Group> {
    for _ in 0..dice.whole(2, 8) {
        let count = (slots as f64 * dice.log_normal(0.8, 1.0)).clamp(1.0, slots as f64 * 8.0) as u64;
        let each = dice.log_normal(5.0, 0.9).clamp(0.2, 120.0);
        let pause = dice.log_normal(90.0, 1.0).clamp(3.0, 1800.0);
        let tasks = dice.tasks(count, |dice| each * dice.between(0.7, 1.3));
        chain.add(["query", "join", "model", "plot"][dice.whole(0, 3) as usize], Some(pause), tasks, 5_000_000);
    }
    chain.groups
}

/// Chains one after the other, by when they begin.
pub(super) fn in_order(mut chains: Vec<Vec<Group>>) -> Vec<Group> {
    chains.sort_by(|a, b| a[0].at.total_cmp(&b[0].at));
    chains.into_iter().flatten().collect()
}
