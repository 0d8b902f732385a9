//! The states of a cluster as Google names them, from what is kept and what its record says.
//!
//! A pure function. What always holds: a cluster that failed is ERROR until it is deleted, though nothing of it runs
//! and nothing of it costs; one that ended because it was told to (idle, its time over, by hand) is gone, as it is on
//! Google after such an end, and so is one that was stopped or failed once its time is over.

use caddis_core::record::{ClusterRecord, ClusterState, MemberPhase};
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_types::{Cause, Timestamp};

use super::init_actions;
use crate::documents::{ClusterDocument, Wish};

/// A state, since when, and what there is to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Since {
    pub(crate) state: State,
    pub(crate) at: Timestamp,
    pub(crate) detail: String,
}

/// All states so far, the present one last; nothing when it is gone.
pub(crate) fn states(
    document: &ClusterDocument,
    record: Option<&ClusterRecord>,
    now: Timestamp,
) -> Option<Vec<Since>> {
    // Where nothing runs any more, nobody but this says that its time is over.
    let expired = document.ends_at.is_some_and(|ends| ends <= now);
    let since = |state, at, detail: &str| Since { state, at, detail: detail.to_owned() };
    let mut states = vec![since(State::Creating, document.created_at, "")];
    let said = |cause: &Cause| init_actions::said(cause, &document.asked.0, &document.uuid);
    let restarted = document.turns.iter().any(|turn| turn.wish == Wish::Start);
    let first_ready = record.filter(|_| !restarted).and_then(|record| record.ready_at);
    states.extend(first_ready.map(|at| since(State::Running, at, "")));
    for turn in &document.turns {
        let state = match turn.wish {
            Wish::Update => State::Updating,
            Wish::Stop => State::Stopping,
            Wish::Start => State::Starting,
            Wish::Delete => State::Deleting,
        };
        states.push(since(state, turn.at, ""));
    }
    let last = document.turns.last();
    let ended = match record.map(|record| &record.state) {
        None => Some((document.created_at, None)),
        Some(ClusterState::Ended { at, why }) => Some((*at, why.cause.as_ref())),
        Some(_) => None,
    };
    match (last.map(|turn| turn.wish), ended) {
        (Some(Wish::Delete), Some(_)) => return None,
        (Some(Wish::Delete), None) => {}
        (Some(Wish::Stop), Some(_)) | (_, Some((_, Some(_)))) if expired => return None,
        (Some(Wish::Stop), Some((at, _))) => states.push(since(State::Stopped, at, "")),
        (Some(Wish::Stop), None) => {}
        (_, Some((at, Some(cause)))) => states.push(since(State::Error, at, &said(cause))),
        // It ended in an order that was not asked for here: idle, its time over, or by hand.
        (_, Some((_, None))) => return None,
        (wish, None) => states.extend(record.and_then(|record| living(record, wish, last.and_then(|turn| turn.workers)))),
    }
    if let Some((at, cause)) = failing(record) {
        states.push(since(State::Error, at, &said(cause)));
    }
    Some(states)
}

/// The state that follows from a record that has not ended; nothing when the last one still holds.
fn living(record: &ClusterRecord, wish: Option<Wish>, workers: Option<u32>) -> Option<Since> {
    let running = |at| Some(Since { state: State::Running, at, detail: String::new() });
    match (wish, record.ready_at) {
        (Some(Wish::Update), Some(at)) if has(record, workers) => running(settled_at(record).max(at)),
        (Some(Wish::Start), Some(at)) => running(at),
        _ => None,
    }
}

/// It is being ended by a failure: ERROR at once, and what is left of it is going.
fn failing(record: Option<&ClusterRecord>) -> Option<(Timestamp, &Cause)> {
    match record.map(|record| &record.state) {
        Some(ClusterState::Stopping { since, why, .. }) => {
            why.cause.as_ref().map(|cause| (*since, cause))
        }
        _ => None,
    }
}

/// Whether as many workers serve as an update asked for, and no more.
pub(crate) fn has(record: &ClusterRecord, workers: Option<u32>) -> bool {
    let serving = |phase: &MemberPhase| matches!(phase, MemberPhase::Running { ready_at: Some(_), .. });
    let ready = record.slots.values().filter(|slot| serving(&slot.phase)).count();
    workers.is_none_or(|workers| ready == workers as usize && record.slots.len() == workers as usize)
}

fn settled_at(record: &ClusterRecord) -> Timestamp {
    let ready = |phase: &MemberPhase| match phase {
        MemberPhase::Running { ready_at, .. } => *ready_at,
        _ => None,
    };
    record.slots.values().filter_map(|slot| ready(&slot.phase)).max().unwrap_or(record.created_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Encoded, Turn};

    #[test]
    fn a_stopped_cluster_is_gone_once_its_time_is_over() {
        let at = Timestamp;
        let document = ClusterDocument {
            uuid: String::new(),
            cluster: "cl_0123456789abcdef".parse().unwrap(),
            asked: Encoded::default(),
            newer: false,
            created_at: at(1),
            turns: vec![Turn { wish: Wish::Stop, at: at(2), workers: None }],
            warnings: Vec::new(),
            scaling: None,
            ends_at: Some(at(9)),
        };
        let last = |now| states(&document, None, at(now)).and_then(|mut states| states.pop()).map(|since| since.state);
        assert_eq!((last(8), last(9)), (Some(State::Stopped), None));
    }
}
