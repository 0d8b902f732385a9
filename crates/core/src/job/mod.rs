//! What a job needs next.
//!
//! A queued job is admitted by `admission`; from then on this room moves it: [`starting`] waits for the cluster and
//! intends the script, [`running`] watches it, [`budget`] its cost, [`ending`] decides between another attempt and the end.
//!
//! What always holds: a script is started only after its intent is in the record, under a key that is started at most
//! once for ever; an attempt that reached user code is never repeated unless the user allowed retries; a job is over
//! only when its script is known to have ended or never to have been started; an ended job never changes.

mod budget;
mod ending;
mod running;
mod starting;

use caddis_types::{Reason, ReasonCode, Timestamp};

pub(crate) use budget::ending as ending_span;
pub use budget::unaffordable;
pub use ending::EXIT_CADDIS_FAILED;
pub use running::nothing_to_stop;
pub use starting::start_refused;

use crate::plan::Plan;
use crate::record::{AttemptPhase, ClusterRecord, JobRecord, JobState};
use crate::settings::Settings;
use crate::world::{ClusterWorld, Member};

/// Everything a decision about one job goes by.
#[derive(Clone, Copy, Debug)]
pub struct JobInput<'a> {
    /// What the database says.
    pub record: &'a JobRecord,
    /// The cluster of the newest attempt.
    pub cluster: Option<&'a ClusterRecord>,
    /// What runs of that cluster.
    pub world: Option<&'a ClusterWorld>,
    /// How long things may take.
    pub settings: &'a Settings,
}

/// One look at one job.
pub fn plan(input: &JobInput<'_>, now: Timestamp) -> Plan<JobRecord> {
    let mut plan = Plan::keep(input.record.clone());
    match plan.record.state.clone() {
        JobState::Queued { since, not_before } => queued(&mut plan, input, since, not_before, now),
        JobState::Starting { .. } => starting::proceed(&mut plan, input, now),
        JobState::Running { .. } => running::proceed(&mut plan, input, now),
        JobState::Ended { .. } => {}
    }
    budget::carry(&mut plan, input, now);
    if let JobState::Ended { at, .. } = &plan.record.state {
        plan.report = vec![Reason::new(ReasonCode::Ended, ended_sentence(&plan.record), *at)];
        plan.due = None;
    }
    plan
}

/// The member of the newest attempt.
pub fn member(record: &JobRecord) -> Option<Member> {
    record.attempt().map(|attempt| Member::Job { job: record.id.clone(), attempt: attempt.number })
}

/// The script that may run now, or that ended without its job having taken that in.
pub fn script(record: &JobRecord) -> Option<Member> {
    let over = record.is_ended() || matches!(record.attempt()?.phase, AttemptPhase::Ended { .. });
    if over { None } else { member(record) }
}

/// Whether the newest attempt gets what is sent as standard input. That is read once: after an attempt that may have
/// read it, a later one finds an empty input instead of one that never ends.
pub fn gets_input(record: &JobRecord) -> bool {
    let may_have_read = |phase: &AttemptPhase| matches!(phase, AttemptPhase::Ended { started_at: Some(_), .. });
    record.stdin && !record.attempts.iter().any(|attempt| may_have_read(&attempt.phase))
}

fn queued(
    plan: &mut Plan<JobRecord>,
    input: &JobInput<'_>,
    since: Timestamp,
    not_before: Option<Timestamp>,
    now: Timestamp,
) {
    if plan.record.cancel.is_some() {
        return ending::cancelled_before_start(plan, now);
    }
    if let Some(notice) = budget::used_up(input) {
        return ending::no_more_attempts(plan, notice, now);
    }
    match (not_before.filter(|at| *at > now), plan.record.attempt().and_then(|a| a.cause.clone())) {
        (Some(at), cause) => {
            let why = cause.map_or_else(|| "the last attempt failed".to_owned(), |cause| cause.sentence);
            let number = plan.record.attempts.len();
            plan.report.push(
                Reason::new(ReasonCode::WaitingForRetry, format!("attempt {number} failed: {why}"), since)
                    .next(format!("the next one may start at {at}")),
            );
            plan.due_at(at);
        }
        _ => plan.report.push(
            Reason::new(ReasonCode::WaitingForCapacity, "it waits for the pool's decision", since)
                .next("it starts as soon as its first workers fit"),
        ),
    }
}

fn ended_sentence(record: &JobRecord) -> String {
    let cause = record.attempt().and_then(|attempt| attempt.cause.as_ref()).or(record.end_cause.as_ref());
    match (&record.state, cause) {
        (JobState::Ended { outcome: crate::record::Outcome::Succeeded, .. }, _) => "it succeeded".to_owned(),
        (_, Some(cause)) => cause.sentence.clone(),
        _ => "it was cancelled before it started".to_owned(),
    }
}

#[cfg(test)]
mod tests;
