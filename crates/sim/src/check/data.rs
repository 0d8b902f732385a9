//! Results are lost with a worker that dies or is taken away, never because a worker was one too many.

use caddis_core::cluster::preempt::NOTICE;
use caddis_core::record::ClusterState;
use caddis_core::world::{KilledBy, Member};

use crate::hub::State;
use crate::world::schedulers;

/// Looks at a process that is about to end: whether the engine ends it although results are on it.
pub fn nothing_lost(state: &mut State, index: usize) {
    let process = &state.world.processes[index];
    let keys = schedulers::held(&state.world, index, state.t);
    let serves = state.book.clusters.get(&process.cluster).is_some_and(|cluster| {
        matches!(cluster.state, ClusterState::Running { .. }) && cluster.stop_wish.is_none()
    });
    let Some(KilledBy::Stop { reason }) = &process.killed_by else { return };
    if reason == caddis_core::diagnosis::PREEMPTED {
        return taken_away(state, index);
    }
    if serves && keys > 0 && matches!(process.member, Member::Worker { .. }) {
        let text = format!("{}/{} is ended with {keys} results on it: {reason}", process.cluster, process.member);
        state.violate(text);
    }
}

/// A worker that is taken away had notice of it, all of the time that it was told, and is a preemptible one.
fn taken_away(state: &mut State, index: usize) {
    let process = &state.world.processes[index];
    let Member::Worker { slot, .. } = process.member else { return };
    let record = state.book.clusters.get(&process.cluster).and_then(|cluster| cluster.slots.get(&slot));
    let noticed = record.is_none_or(|slot| {
        slot.preemptible && slot.retiring.as_ref().is_some_and(|retiring| retiring.asked_at.is_some())
    });
    // A clock that jumps may show any span between the two.
    let had = record.and_then(|slot| slot.retiring.as_ref()).map(|retiring| state.now().since(retiring.since));
    if let Some(had) = had.filter(|had| *had < NOTICE && state.options.world.clock_jumps == 0) {
        state.violate(format!("{}/{} is taken away {had:?} after its notice", process.cluster, process.member));
    } else if !noticed {
        state.violate(format!("{}/{} is taken away without notice", process.cluster, process.member));
    }
}
