//! The states of a cluster as Google names them, from what is kept and what its record says.
//!
//! Pure functions. What always holds: a cluster that failed is ERROR until it is deleted, though nothing of it runs and
//! nothing of it costs; one that ended because it was told to (idle, its time over, by hand) is gone, as it is on Google
//! after such an end, and so is one that was stopped or failed once its time is over. A state that was left is never
//! another one later, and times never fall.

use caddis_core::record::{ClusterRecord, ClusterState, MemberPhase};
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_types::{Cause, Timestamp};

use super::init_actions;
use crate::documents::{ClusterDocument, Turn, Was, Wish};

/// A state, since when, and what there is to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Since {
    pub(crate) state: State,
    pub(crate) at: Timestamp,
    pub(crate) detail: String,
}

impl Since {
    fn new(state: State, at: Timestamp) -> Since {
        Since { state, at, detail: String::new() }
    }

    fn of(was: &Was) -> Since {
        let state = State::from_str_name(&was.state).unwrap_or(State::Unknown);
        Since { state, at: was.at, detail: was.detail.clone() }
    }

    fn was(self) -> Was {
        Was { state: self.state.as_str_name().to_owned(), at: self.at, detail: self.detail }
    }
}

/// All states so far, the present one last; nothing when it is gone.
pub(crate) fn states(document: &ClusterDocument, record: Option<&ClusterRecord>, now: Timestamp) -> Option<Vec<Since>> {
    let mut states = vec![Since::new(State::Creating, document.created_at)];
    for turn in &document.turns {
        states.extend(turn.before.iter().map(Since::of));
        states.push(Since::new(turning(turn.wish), turn.at));
    }
    states.extend(tail(document, record, now)?);
    // The clocks of a machine may be set.
    let mut last = document.created_at;
    for since in &mut states {
        since.at = since.at.max(last);
        last = since.at;
    }
    Some(states)
}

/// Has a cluster take a turn, and keeps the states until then.
pub(crate) fn turn(document: &mut ClusterDocument, record: Option<&ClusterRecord>, turn: Turn) {
    let before = tail(document, record, turn.at).unwrap_or_default().into_iter().map(Since::was).collect();
    document.turns.push(Turn { before, ..turn });
}

/// The state that begins with a wish.
fn turning(wish: Wish) -> State {
    match wish {
        Wish::Update => State::Updating,
        Wish::Stop => State::Stopping,
        Wish::Start => State::Starting,
        Wish::Delete => State::Deleting,
    }
}

/// How far the end of a cluster is.
enum End<'a> {
    /// Nothing of it is there.
    Over(Timestamp, Option<&'a Cause>),
    /// It failed, and what is left of it is going: ERROR at once.
    Failing(Timestamp, &'a Cause),
}

impl End<'_> {
    fn of<'a>(record: Option<&'a ClusterRecord>, last: Option<&Turn>) -> Option<End<'a>> {
        match record.map(|record| &record.state) {
            None => Some(End::Over(last.map_or(Timestamp(0), |turn| turn.settled_at.unwrap_or(turn.at)), None)),
            Some(ClusterState::Ended { at, why }) => Some(End::Over(*at, why.cause.as_ref())),
            Some(ClusterState::Stopping { since, why, .. }) => why.cause.as_ref().map(|cause| End::Failing(*since, cause)),
            Some(_) => None,
        }
    }
}

/// The states since the last turn; nothing when it is gone.
fn tail(document: &ClusterDocument, record: Option<&ClusterRecord>, now: Timestamp) -> Option<Vec<Since>> {
    // Where nothing runs any more, nobody but this says that its time is over.
    let expired = document.ends_at.is_some_and(|ends| ends <= now);
    let last = document.turns.last();
    let wish = last.map(|turn| turn.wish);
    let serving = match wish {
        None | Some(Wish::Start) => record.and_then(|record| record.ready_at),
        Some(Wish::Update) => last.and_then(|turn| turn.settled_at),
        Some(Wish::Stop | Wish::Delete) => None,
    };
    let mut states: Vec<Since> = serving.map(|at| Since::new(State::Running, at)).into_iter().collect();
    match (wish, End::of(record, last)) {
        (Some(Wish::Delete), Some(End::Over(..))) => return None,
        (Some(Wish::Stop), Some(End::Over(..))) | (_, Some(End::Over(_, Some(_)))) if expired => return None,
        (Some(Wish::Stop), Some(End::Over(at, _))) => states.push(Since::new(State::Stopped, at)),
        (Some(Wish::Stop | Wish::Delete), _) | (_, None) => {}
        (_, Some(End::Over(at, Some(cause)) | End::Failing(at, cause))) => {
            let detail = init_actions::said(cause, &document.asked.0, &document.uuid);
            states.push(Since { detail, ..Since::new(State::Error, at) });
        }
        // It ended in an order that was not asked for here: idle, its time over, or by hand.
        (_, Some(End::Over(_, None))) => return None,
    }
    Some(states)
}

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settling {
    /// It is under way.
    Later,
    /// It is true since then.
    At(Timestamp),
    /// It never will be, or nobody has to keep it.
    Never,
}

/// Whether the last turn of a cluster has come true.
pub(crate) fn settling(turn: &Turn, record: Option<&ClusterRecord>, now: Timestamp) -> Settling {
    match (turn.wish, record.map(|record| (record, &record.state))) {
        (Wish::Update, Some((record, state))) if !state.is_ending() => match has(record, turn.workers) {
            true => Settling::At(now),
            false => Settling::Later,
        },
        (Wish::Stop, None) => Settling::At(now),
        (Wish::Stop, Some((_, ClusterState::Ended { at, .. }))) => Settling::At((*at).max(turn.at)),
        (Wish::Stop, Some(_)) => Settling::Later,
        (Wish::Update | Wish::Start | Wish::Delete, _) => Settling::Never,
    }
}

/// Whether as many workers serve as an update asked for, and no more.
fn has(record: &ClusterRecord, workers: Option<u32>) -> bool {
    let serving = |phase: &MemberPhase| matches!(phase, MemberPhase::Running { ready_at: Some(_), .. });
    let ready = record.slots.values().filter(|slot| serving(&slot.phase)).count();
    workers.is_none_or(|workers| ready == workers as usize && record.slots.len() == workers as usize)
}

#[cfg(test)]
mod tests;
