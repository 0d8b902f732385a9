//! The end of an attempt: another one, or the end of the job.

use std::time::Duration;

use caddis_types::{Cause, CauseCode, Reason, ReasonCode, Timestamp};

use super::JobInput;
use crate::diagnosis;
use crate::plan::Plan;
use crate::record::{AttemptPhase, AttemptRecord, JobRecord, JobState, NewEvent, Outcome, StopCause};
use crate::restart;
use crate::world::{End, Exit};

/// What `caddis run` exits with when the script has no exit code of its own.
pub const EXIT_CADDIS_FAILED: i32 = 125;
/// How often an attempt that never reached user code is started anew.
const NOT_BEGUN_MAX: usize = 5;
/// What failures are counted over.
const HOUR: Duration = Duration::from_secs(3600);

/// The script's process ended.
pub(super) fn script_ended(
    plan: &mut Plan<JobRecord>,
    input: &JobInput<'_>,
    started_at: Timestamp,
    end: &End,
    stopping: Option<StopCause>,
    now: Timestamp,
) {
    let cause = diagnosis::script_end(end, stopping.as_ref().map(|stop| &stop.cause), input.cluster);
    notices(plan, input, end, cause.as_ref());
    match cause {
        None => succeeded(plan, started_at, end, now),
        Some(cause) if cause.code == CauseCode::Cancelled => {
            let code = exit_code(Some(&end.exit), Some(&cause));
            end_attempt(plan, Some(started_at), Some(end.exit.clone()), Some(cause), end.at);
            finish(plan, Outcome::Cancelled, code, now);
        }
        Some(cause) => attempt_failed(plan, Some(started_at), Some((end.exit.clone(), end.at)), cause, now),
    }
}

fn notices(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, end: &End, cause: Option<&Cause>) {
    let Some(outcome) = &end.outcome else { return };
    // Whoever fell over an error of his own may just not have come as far as connecting.
    let fell = |cause: &Cause| matches!(cause.code, CauseCode::SyntaxError | CauseCode::ImportError | CauseCode::Exception);
    let seen = input.cluster.is_some_and(|cluster| cluster.clients_seen && cluster.job.is_some());
    let notice = match (outcome.own_local_cluster, outcome.connected) {
        (Some(true), _) => {
            "the script started a LocalCluster of its own, so its cluster did nothing; write `Client()` without arguments"
        }
        (_, Some(false)) if !seen && !cause.is_some_and(fell) => {
            "the script never connected to its cluster; write `from dask.distributed import Client` and `Client()`"
        }
        _ => return,
    };
    if !plan.record.notices.iter().any(|n| n == notice) {
        plan.record.notices.push(notice.to_owned());
    }
}

fn succeeded(plan: &mut Plan<JobRecord>, started_at: Timestamp, end: &End, now: Timestamp) {
    end_attempt(plan, Some(started_at), Some(end.exit.clone()), None, end.at);
    finish(plan, Outcome::Succeeded, 0, now);
}

/// The attempt failed: tries again when the user allowed it, else the job failed.
pub(super) fn attempt_failed(
    plan: &mut Plan<JobRecord>,
    started_at: Option<Timestamp>,
    end: Option<(Exit, Timestamp)>,
    cause: Cause,
    now: Timestamp,
) {
    let at = end.as_ref().map_or(now, |(_, at)| *at);
    let exit = end.map(|(exit, _)| exit);
    let code = exit_code(exit.as_ref(), Some(&cause));
    end_attempt(plan, started_at, exit, Some(cause.clone()), at);
    if let (Some(cancel), true) = (plan.record.cancel.clone(), started_at.is_none()) {
        return cancelled(plan, &cancel.by, None, now);
    }
    match retry_after(&plan.record, code, &cause, now) {
        Some(pause) => queue_again(plan, now + pause, &cause, now),
        None => finish(plan, Outcome::Failed, code, now),
    }
}

/// The attempt never reached user code: a new one is not a retry. Bounded, since something else is wrong then.
pub(super) fn not_begun(plan: &mut Plan<JobRecord>, exit: &Exit, cause: Cause, now: Timestamp) {
    let in_vain = plan.record.attempts.iter().filter(|attempt| was_not_begun(attempt)).count();
    if in_vain >= NOT_BEGUN_MAX {
        return attempt_failed(plan, None, None, cause, now);
    }
    end_attempt(plan, None, Some(exit.clone()), Some(cause.clone()), now);
    queue_again(plan, now, &cause, now);
}

/// Only [`not_begun`] leaves an exit without a start. An attempt whose cluster failed first has neither, and counts:
/// a cluster that never starts would be tried for ever.
fn was_not_begun(attempt: &AttemptRecord) -> bool {
    matches!(attempt.phase, AttemptPhase::Ended { started_at: None, .. }) && attempt.exit.is_some()
}

fn retry_after(record: &JobRecord, code: i32, cause: &Cause, now: Timestamp) -> Option<Duration> {
    let tried = record.attempts.iter().filter(|attempt| !was_not_begun(attempt)).count().max(1) as u32;
    let chosen = record.retry.on_exit.is_empty() || record.retry.on_exit.contains(&code);
    let hopeless = matches!(
        cause.code,
        CauseCode::SyntaxError | CauseCode::EnvironmentBuild | CauseCode::Cancelled | CauseCode::CostLimit
    );
    let often = record.retry.per_hour.is_some_and(|most| failures_since(record, now - HOUR) > most as usize);
    let allowed = tried <= record.retry.max && !often && chosen && !hopeless && record.cancel.is_none();
    allowed.then(|| restart::retry_pause(Duration::from_millis(record.retry.delay_ms), tried))
}

/// Attempts that counted and ended after `since`.
fn failures_since(record: &JobRecord, since: Timestamp) -> usize {
    let after = |attempt: &&AttemptRecord| matches!(attempt.phase, AttemptPhase::Ended { at, .. } if at > since);
    record.attempts.iter().filter(after).filter(|attempt| !was_not_begun(attempt)).count()
}

fn queue_again(plan: &mut Plan<JobRecord>, not_before: Timestamp, cause: &Cause, now: Timestamp) {
    plan.record.state = JobState::Queued { since: now, not_before: Some(not_before) };
    plan.record.stages.retain(|stage, _| stage == "queued");
    plan.due_at(not_before);
    let number = plan.record.attempts.len();
    plan.report.push(
        Reason::new(ReasonCode::WaitingForRetry, format!("attempt {number} failed: {}", cause.sentence), now)
            .next(format!("the next one may start at {not_before}")),
    );
    let message = format!("attempt {number} failed ({}), the next one follows: {}", cause.code, cause.sentence);
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "job.retry", message));
}

/// What would be another attempt cannot be paid: the last one's failure is the job's.
pub(super) fn no_more_attempts(plan: &mut Plan<JobRecord>, notice: String, now: Timestamp) {
    let last = plan.record.attempt();
    let code = last.map_or(EXIT_CADDIS_FAILED, |attempt| exit_code(attempt.exit.as_ref(), attempt.cause.as_ref()));
    plan.record.notices.push(notice);
    finish(plan, Outcome::Failed, code, now);
}

/// A user ended it before its script ran.
pub(super) fn cancelled(plan: &mut Plan<JobRecord>, by: &str, started_at: Option<Timestamp>, now: Timestamp) {
    let cause = Cause::new(CauseCode::Cancelled, format!("`{by}` cancelled it"));
    end_attempt(plan, started_at, None, Some(cause), now);
    finish(plan, Outcome::Cancelled, 130, now);
}

pub(super) fn cancelled_before_start(plan: &mut Plan<JobRecord>, now: Timestamp) {
    finish(plan, Outcome::Cancelled, 130, now);
}

fn end_attempt(
    plan: &mut Plan<JobRecord>,
    started_at: Option<Timestamp>,
    exit: Option<Exit>,
    cause: Option<Cause>,
    at: Timestamp,
) {
    if let Some(attempt) = plan.record.attempts.last_mut() {
        attempt.phase = AttemptPhase::Ended { started_at, at };
        attempt.exit = exit;
        attempt.cause = cause;
    }
}

fn finish(plan: &mut Plan<JobRecord>, outcome: Outcome, exit_code: i32, now: Timestamp) {
    let (kind, message) = match outcome {
        Outcome::Succeeded => ("job.succeeded", "it succeeded".to_owned()),
        Outcome::Cancelled => ("job.cancelled", "it was cancelled".to_owned()),
        Outcome::Failed => {
            let cause = plan.record.attempt().and_then(|attempt| attempt.cause.as_ref());
            let text = cause.map_or_else(String::new, |cause| format!("{}: {}", cause.code, cause.sentence));
            ("job.failed", format!("it failed with exit code {exit_code}: {text}"))
        }
    };
    plan.record.stages.insert("ended".into(), now);
    plan.record.state = JobState::Ended { at: now, outcome, exit_code };
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), kind, message));
}

/// The script's own code, 128 + n after signal n. A script that was ended and said 0 gives what its end is known by:
/// 130 for a cancelled one (as Ctrl-C does), 124 for one that ran too long (as `timeout` does) or became too dear. 125 when there is none.
fn exit_code(exit: Option<&Exit>, cause: Option<&Cause>) -> i32 {
    match exit {
        Some(Exit::Code(0)) if cause.is_some_and(|cause| cause.code == CauseCode::Cancelled) => 130,
        Some(Exit::Code(0)) if cause.is_some_and(|cause| matches!(cause.code, CauseCode::Timeout | CauseCode::CostLimit)) => 124,
        Some(Exit::Code(0)) => EXIT_CADDIS_FAILED,
        Some(Exit::Code(code)) => *code,
        Some(Exit::Signal(signal)) => 128 + signal,
        Some(Exit::Unknown(_)) | None => EXIT_CADDIS_FAILED,
    }
}
