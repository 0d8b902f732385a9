//! A job whose script was asked for, or runs.

use std::time::Duration;

use caddis_types::{Cause, CauseCode, Reason, ReasonCode, Timestamp, duration};

use super::{JobInput, budget, ending, member};
use crate::cluster::stuck::{self, Stuck};
use crate::plan::{Action, Plan, Rung};
use crate::record::{AttemptPhase, Cancel, ClusterState, JobRecord, NewEvent, StopCause};
use crate::world::{End, EnvironmentStatus, Exit, KilledBy, Member, MemberView, Observed};

pub(super) fn proceed(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) {
    let Some(member) = member(&plan.record) else { return };
    match input.world.map(|world| &world.members) {
        Some(Observed::Known(members)) => match members.get(&member) {
            Some(view) => seen(plan, input, &member, view, now),
            None => not_seen(plan, input, member, now),
        },
        Some(Observed::Unknown(why)) => {
            let sentence = format!("what runs cannot be seen just now: {why}");
            plan.report.push(Reason::new(ReasonCode::WorldUnknown, sentence, now));
            plan.due_at(now + Duration::from_secs(1));
        }
        None => not_seen(plan, input, member, now),
    }
}

fn seen(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, member: &Member, view: &MemberView, now: Timestamp) {
    started(plan, view, now);
    if let Some(end) = &view.end {
        // After a reboot nobody knows whether the word that user code was reached had come to the disk.
        let certain = !matches!(&end.exit, Exit::Unknown(why) if why.contains("rebooted"));
        if certain && !end.began && (matches!(end.exit, Exit::Unknown(_)) || plan.record.cancel.is_some()) {
            return again(plan, &end.exit, now);
        }
        let stopping = stopping(&plan.record, end);
        return ending::script_ended(plan, input, view.started_at, end, stopping, now);
    }
    let limit = plan.record.timeout_ms.map(|ms| view.started_at + Duration::from_millis(ms));
    stop_when_asked(plan, input, member, limit, now);
    report(plan, input, view, limit, now);
}

fn started(plan: &mut Plan<JobRecord>, view: &MemberView, now: Timestamp) {
    let id = plan.record.id.to_string();
    let Some(attempt) = plan.record.attempts.last_mut() else { return };
    if matches!(attempt.phase, AttemptPhase::Intended { .. }) {
        let (started_at, pid) = (view.started_at, view.pid);
        attempt.phase = AttemptPhase::Running { started_at, pid, stopping: None };
        let message = format!("attempt {} runs as process {pid}", attempt.number);
        plan.record.stages.insert("running".into(), started_at);
        plan.events.push(NewEvent::new(now, &id, "job.started", message));
    }
}

/// What it was being ended for. A script that was cancelled before it was ever seen has no note of it.
fn stopping(record: &JobRecord, end: &End) -> Option<StopCause> {
    let noted = match record.attempt().map(|attempt| &attempt.phase) {
        Some(AttemptPhase::Running { stopping, .. }) => stopping.clone(),
        _ => None,
    };
    let stopped = matches!(end.killed_by, Some(KilledBy::Stop { .. }));
    noted.or_else(|| {
        let cancel = record.cancel.as_ref().filter(|_| stopped)?;
        Some(StopCause { since: cancel.at, cause: cancelled_by(&cancel.by), hurried: cancel.hurry })
    })
}

fn cancelled_by(user: &str) -> Cause {
    Cause::new(CauseCode::Cancelled, format!("`{user}` cancelled it"))
}

/// Takes in the answer to a stop: nothing was ever started under the key of the newest attempt, so a job that was
/// cancelled before its script was seen is over.
pub fn nothing_to_stop(record: &JobRecord, stopped: &Member, now: Timestamp) -> Plan<JobRecord> {
    let mut plan = Plan::keep(record.clone());
    let intended = matches!(record.attempt().map(|attempt| &attempt.phase), Some(AttemptPhase::Intended { .. }));
    if let Some(cancel) = record.cancel.as_ref().filter(|_| intended && member(record).as_ref() == Some(stopped)) {
        ending::cancelled(&mut plan, &cancel.by, None, now);
    }
    plan
}

/// Intended and not to be seen: it is asked for again, under the same key. Seen before and gone: nobody knows.
fn not_seen(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, member: Member, now: Timestamp) {
    if let Some(cause) = cluster_gone(input) {
        return ending::attempt_failed(plan, None, None, cause, now);
    }
    match plan.record.attempt().map(|attempt| attempt.phase.clone()) {
        Some(AttemptPhase::Intended { .. }) => {
            match plan.record.cancel.clone() {
                Some(cancel) => stop_unseen(plan, input, member, &cancel, now),
                None => start_again(plan, input, member, now),
            }
        }
        Some(AttemptPhase::Running { started_at, .. }) => {
            let cause = Cause::new(CauseCode::Unknown, "its process is gone, and left no word of how it ended");
            ending::attempt_failed(plan, Some(started_at), None, cause, now);
        }
        _ => {}
    }
}

/// Whether it was started is not known: a view may lag behind. It is ended by its key, and the answer tells whether
/// there was anything; if so, its exit is waited for, since user code may have been reached.
fn stop_unseen(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, member: Member, cancel: &Cancel, now: Timestamp) {
    let cause = cancelled_by(&cancel.by);
    let sentence = format!("it is being ended: {}", cause.sentence);
    plan.actions.push(Action::StopMember { member, reason: cause.sentence, ladder: ladder(cancel.hurry) });
    plan.due_at(now + input.settings.heartbeat);
    let reason = Reason::new(ReasonCode::Stopping, sentence, cancel.at);
    plan.report.push(reason.next("it is over as soon as the keeper says what became of its script"));
}

/// The key makes repeating harmless. On a cluster that is being ended nothing is started any more: it either shows
/// what was started before, or is purged, and then it is known that nothing was.
fn start_again(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, member: Member, now: Timestamp) {
    plan.due_at(now + input.settings.heartbeat);
    if let Some(ClusterState::Stopping { since, why, .. }) = input.cluster.map(|cluster| &cluster.state) {
        let sentence = format!("its cluster is being ended: {}", why.sentence);
        return plan.report.push(Reason::new(ReasonCode::Stopping, sentence, *since));
    }
    match input.world.map(|world| &world.environment) {
        Some(EnvironmentStatus::Ready) => plan.actions.push(Action::StartMember { member }),
        Some(EnvironmentStatus::Building(_)) => {}
        // It may have been started when the environment was still there, so a build that fails now says nothing of the
        // script: it is tried again, with the pauses that the environments keep themselves.
        Some(EnvironmentStatus::Failed(cause)) => {
            plan.actions.push(Action::PrepareEnvironment);
            let reason = Reason::new(ReasonCode::BuildingEnvironment, cause.sentence.clone(), now);
            return plan.report.push(reason.next("it is built again; cancel the job to give up"));
        }
        _ => plan.actions.push(Action::PrepareEnvironment),
    }
    plan.report.push(Reason::new(ReasonCode::StartingScript, "its script is being started", asked_at(plan).unwrap_or(now)));
}

/// When the script of the newest attempt was asked for.
fn asked_at(plan: &Plan<JobRecord>) -> Option<Timestamp> {
    match plan.record.attempt()?.phase {
        AttemptPhase::Intended { at } => Some(at),
        _ => None,
    }
}

fn cluster_gone(input: &JobInput<'_>) -> Option<Cause> {
    let gone = |why: &str| Cause::new(CauseCode::ClusterStopped, format!("its cluster ended first: {why}"));
    match input.cluster.map(|cluster| &cluster.state) {
        None => Some(gone("it is not in the database any more")),
        Some(ClusterState::Ended { why, .. } | ClusterState::Stopping { why, purged_at: Some(_), .. }) => Some(why.cause.clone().unwrap_or_else(|| gone(&why.sentence))),
        _ => None,
    }
}

/// It never reached user code, so starting it is still the first time.
fn again(plan: &mut Plan<JobRecord>, exit: &Exit, now: Timestamp) {
    if let Some(cancel) = plan.record.cancel.clone() {
        return ending::cancelled(plan, &cancel.by, None, now);
    }
    let cause = Cause::new(CauseCode::Unknown, "the keeper ended before the script was reached");
    ending::not_begun(plan, exit, cause, now);
}

/// A user's wish, the time limit, or a lost scheduler ends a running script. It is asked for again while the script
/// runs, since the first time may have been lost; whoever climbs the ladder does not begin anew.
fn stop_when_asked(
    plan: &mut Plan<JobRecord>,
    input: &JobInput<'_>,
    member: &Member,
    limit: Option<Timestamp>,
    now: Timestamp,
) {
    let cancel = plan.record.cancel.clone();
    let hurry = cancel.as_ref().is_some_and(|cancel| cancel.hurry);
    let Some(AttemptPhase::Running { stopping, .. }) = plan.record.attempts.last_mut().map(|a| &mut a.phase) else {
        return;
    };
    if let Some(stop) = stopping {
        stop.hurried |= hurry;
        let (reason, ladder) = (stop.cause.sentence.clone(), ladder(stop.hurried));
        plan.actions.push(Action::StopMember { member: member.clone(), reason, ladder });
        plan.due_at(now + input.settings.heartbeat);
        return;
    }
    budget::notice(plan, input, now);
    let Some(AttemptPhase::Running { stopping, .. }) = plan.record.attempts.last_mut().map(|a| &mut a.phase) else {
        return;
    };
    let cause = cancel
        .map(|cancel| cancelled_by(&cancel.by))
        .or_else(|| timed_out(input, limit, now))
        .or_else(|| budget::exceeded(input, now))
        .or_else(|| scheduler_lost(input, now));
    if let Some(cause) = cause {
        let reason = cause.sentence.clone();
        *stopping = Some(StopCause { since: now, cause, hurried: hurry });
        plan.actions.push(Action::StopMember { member: member.clone(), reason, ladder: ladder(hurry) });
        plan.due_at(now + input.settings.heartbeat);
    }
}

fn ladder(hurry: bool) -> Vec<Rung> {
    if hurry { Vec::new() } else { Rung::polite() }
}

fn timed_out(input: &JobInput<'_>, limit: Option<Timestamp>, now: Timestamp) -> Option<Cause> {
    limit.filter(|limit| *limit <= now).map(|limit| {
        let most = duration::display(Duration::from_millis(input.record.timeout_ms.unwrap_or_default()));
        Cause::new(CauseCode::Timeout, format!("it ran longer than its time limit of {most}"))
            .with("limit reached at", limit.to_string())
            .hint("raise `--timeout`, or give it more workers")
    })
}

/// A script gets some time to end by itself, with its own message, once its scheduler is gone.
fn scheduler_lost(input: &JobInput<'_>, now: Timestamp) -> Option<Cause> {
    match &input.cluster?.state {
        ClusterState::Stopping { since, why, .. } if now.since(*since) >= input.settings.script_after_scheduler => {
            why.cause.clone()
        }
        _ => None,
    }
}

/// That it runs; and what it waits for, where that never comes by itself.
fn running(input: &JobInput<'_>, view: &MemberView) -> Reason {
    let dask = input.world.and_then(|world| world.dask.as_ref());
    let stuck = input.cluster.zip(dask).and_then(|(cluster, dask)| stuck::stuck(cluster, dask));
    let runs = format!("its script runs as process {}", view.pid);
    match stuck {
        Some(Stuck { sentence, next }) => {
            Reason::new(ReasonCode::ScriptRunning, format!("{sentence}; {runs}"), view.started_at).next(next)
        }
        None => Reason::new(ReasonCode::ScriptRunning, runs, view.started_at),
    }
}

fn report(
    plan: &mut Plan<JobRecord>,
    input: &JobInput<'_>,
    view: &MemberView,
    limit: Option<Timestamp>,
    now: Timestamp,
) {
    let lost = match plan.record.attempt().map(|attempt| &attempt.phase) {
        Some(AttemptPhase::Running { stopping: Some(stop), .. }) => Some((stop.since, stop.cause.sentence.clone())),
        _ => None,
    };
    let reason = match lost {
        Some((since, sentence)) => Reason::new(ReasonCode::Stopping, format!("it is being ended: {sentence}"), since),
        None => running(input, view),
    };
    let stuck = reason.next.is_some();
    let time = limit.filter(|limit| *limit > now);
    let time = time.map(|limit| format!("its time limit ends it in {}", duration::display(limit.since(now))));
    let limits: Vec<String> = time.into_iter().chain(budget::left(plan, input, now)).collect();
    plan.report.push(match limits.is_empty() {
        true if stuck => reason,
        true => reason.next("it ends when the script ends"),
        false => {
            let all: Vec<String> = reason.next.clone().into_iter().chain(limits).collect();
            reason.next(all.join("; "))
        }
    });
    if let Some(limit) = limit.filter(|limit| *limit > now) {
        plan.due_at(limit);
    }
}
