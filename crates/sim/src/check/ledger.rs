//! Money is counted once: every scheduler and worker that ran and ended has exactly one line, with the keeper's own times.

use caddis_core::world::{Exit, Member};

use crate::hub::State;
use crate::world::Process;

/// Compares the ledger with the world, once everything has settled.
pub fn books_balance(state: &mut State) {
    let mut wrong = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    let billed = |process: &Process| matches!(process.member, Member::Scheduler | Member::Worker { .. });
    let ran = state.world.processes.iter().filter(|process| billed(process) && process.withdrawn.is_none());
    for process in ran {
        let key = format!("{}/{}", process.cluster, process.member);
        let Some((_, kept)) = &process.kept else {
            known.insert(key);
            continue;
        };
        let stillborn = matches!(&kept.exit, Exit::Unknown(why) if why == "never started");
        match state.book.lines.get(&key) {
            None if !stillborn => wrong.push(format!("{key} ran from {} to {} and has no line", process.started_at.0, kept.at.0)),
            None => {}
            Some(line) if line.started_at != process.started_at || line.ended_at != kept.at => wrong.push(format!(
                "{key} ran from {} to {}, and its line says {} to {}",
                process.started_at.0, kept.at.0, line.started_at.0, line.ended_at.0
            )),
            Some(_) => {}
        }
        known.insert(key);
    }
    for key in state.book.lines.keys().filter(|key| !known.contains(*key)) {
        wrong.push(format!("there is a line for {key}, which never ran"));
    }
    for cluster in state.book.clusters.values() {
        let lines = state.book.lines.values().filter(|line| line.cluster == cluster.id);
        let cost: i64 = lines.map(|line| line.cost.0).sum();
        if cost != cluster.cost.0 {
            wrong.push(format!("{} says it cost {}, its lines {cost}", cluster.id, cluster.cost.0));
        }
    }
    wrong.into_iter().for_each(|line| state.violate(line));
}
