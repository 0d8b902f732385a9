//! The states of a job as Google names them, from its record: a pure function.

use caddis_core::record::{AttemptPhase, JobRecord, JobState, Outcome};
use caddis_googleapis::dataproc::job_status::{State, Substate};
use caddis_types::Timestamp;

/// A state, since when, and what there is to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Since {
    pub(super) state: State,
    pub(super) substate: Substate,
    pub(super) at: Timestamp,
    pub(super) details: String,
}

/// All states so far, the present one last.
pub(super) fn states(record: &JobRecord) -> Vec<Since> {
    let since = |state, at| Since { state, substate: Substate::Unspecified, at, details: String::new() };
    let mut states = vec![since(State::Pending, record.submitted_at)];
    let newest = record.attempts.len();
    for attempt in &record.attempts {
        let (started, ended) = match &attempt.phase {
            AttemptPhase::Assigned | AttemptPhase::Intended { .. } => (None, None),
            AttemptPhase::Running { started_at, .. } => (Some(*started_at), None),
            AttemptPhase::Ended { started_at, at } => (*started_at, Some(*at)),
        };
        if let Some(at) = started {
            states.push(since(State::SetupDone, at));
            states.push(since(State::Running, at));
        }
        if let Some(at) = ended.filter(|_| attempt.number as usize != newest || !record.is_ended()) {
            let details = attempt.cause.as_ref().map(|cause| cause.sentence.clone()).unwrap_or_default();
            states.push(Since { details, ..since(State::AttemptFailure, at) });
        }
    }
    if let Some(cancel) = &record.cancel {
        states.push(since(State::CancelPending, cancel.at));
        states.extend(stopping(record, cancel.at).map(|at| since(State::CancelStarted, at)));
    }
    match &record.state {
        JobState::Ended { at, outcome, .. } => {
            let state = match outcome {
                Outcome::Succeeded => State::Done,
                Outcome::Failed => State::Error,
                Outcome::Cancelled => State::Cancelled,
            };
            let cause = record.end_cause.as_ref().or_else(|| record.attempt().and_then(|attempt| attempt.cause.as_ref()));
            let details = cause.map(|cause| cause.sentence.clone()).unwrap_or_default();
            states.push(Since { details, ..since(state, *at) });
        }
        JobState::Queued { .. } if states.last().is_some_and(|last| last.state == State::Pending) => {
            if let Some(last) = states.last_mut() {
                last.substate = Substate::Queued;
            }
        }
        _ => {}
    }
    states
}

/// Since when a cancelled job is being ended; nothing while nobody has begun to.
fn stopping(record: &JobRecord, asked: Timestamp) -> Option<Timestamp> {
    match record.attempt().map(|attempt| &attempt.phase) {
        _ if record.is_ended() => Some(asked),
        Some(AttemptPhase::Running { stopping, .. }) => stopping.as_ref().map(|stop| stop.since.max(asked)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_knows_these_states_as_final() {
        let last = [State::Done, State::Error, State::Cancelled];
        assert!(last.iter().all(|state| super::super::render::is_final(*state)));
        assert!(!super::super::render::is_final(State::AttemptFailure));
    }
}
