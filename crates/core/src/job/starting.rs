//! A job with a cluster that is not ready yet.

use caddis_types::{Cause, CauseCode, Reason, ReasonCode, Timestamp};

use super::{JobInput, budget, ending};
use crate::plan::{Action, Plan};
use crate::record::{AttemptPhase, ClusterRecord, ClusterState, JobRecord, JobState, NewEvent};
use crate::world::{EnvironmentStatus, Exit, Member};

pub(super) fn proceed(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) {
    if let Some(cancel) = plan.record.cancel.clone() {
        return ending::cancelled(plan, &cancel.by, None, now);
    }
    let Some(cluster) = input.cluster else {
        let cause = Cause::new(CauseCode::ClusterStopped, "its cluster is not in the database any more");
        return ending::attempt_failed(plan, None, None, cause, now);
    };
    note_stage(plan, cluster, now);
    match &cluster.state {
        ClusterState::Running { .. } => intend(plan, input, now),
        ClusterState::Stopping { why, .. } | ClusterState::Ended { why, .. } => {
            let cause = why.cause.clone().unwrap_or_else(|| {
                Cause::new(CauseCode::ClusterStopped, format!("its cluster ended first: {}", why.sentence))
            });
            match cause.code {
                // Nobody knows what became of it, and the script was certainly not reached.
                CauseCode::Unknown => ending::not_begun(plan, &Exit::Unknown(cause.sentence.clone()), cause, now),
                _ => ending::attempt_failed(plan, None, None, cause, now),
            }
        }
        _ => match budget::exceeded(input, now) {
            Some(cause) => ending::attempt_failed(plan, None, None, cause, now),
            None => {
                budget::left(plan, input, now);
                explain(plan, input, cluster);
            }
        },
    }
}

fn note_stage(plan: &mut Plan<JobRecord>, cluster: &ClusterRecord, now: Timestamp) {
    let stage = match cluster.state {
        ClusterState::Preparing { .. } => "environment",
        _ => "cluster",
    };
    plan.record.stages.entry(stage.to_owned()).or_insert(now);
}

fn explain(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, cluster: &ClusterRecord) {
    let reason = match (&cluster.state, input.world.map(|world| &world.environment)) {
        (ClusterState::Preparing { since }, Some(EnvironmentStatus::Building(step))) => {
            let sentence = format!("its Python environment is made ready: {step}");
            Reason::new(ReasonCode::BuildingEnvironment, sentence, *since).next("its cluster starts as soon as it is")
        }
        (ClusterState::Preparing { since }, _) => {
            Reason::new(ReasonCode::BuildingEnvironment, "its Python environment is looked up", *since)
                .next("its cluster starts as soon as it is ready")
        }
        (ClusterState::Starting { since }, _) => {
            let sentence = format!("its cluster `{}` is starting", cluster.id);
            Reason::new(ReasonCode::StartingCluster, sentence, *since).next("the script starts as soon as it serves")
        }
        _ => return,
    };
    plan.report.push(reason);
}

/// The cluster serves: the script's process is intended, and asked for.
fn intend(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) {
    let job = plan.record.id.clone();
    if plan.record.stdin && !super::gets_input(&plan.record) {
        note(&mut plan.record, "standard input is read once: attempts after the first find it empty");
    }
    let Some(attempt) = plan.record.attempts.last_mut() else { return };
    attempt.phase = AttemptPhase::Intended { at: now };
    let member = Member::Job { job, attempt: attempt.number };
    plan.record.state = JobState::Running { since: now };
    plan.actions.push(Action::StartMember { member });
    plan.due_at(now + input.settings.heartbeat);
    plan.report.push(Reason::new(ReasonCode::StartingScript, "its script is being started", now));
}

/// A notice for the user, once.
fn note(record: &mut JobRecord, notice: &str) {
    if !record.notices.iter().any(|known| known == notice) {
        record.notices.push(notice.to_owned());
    }
}

/// Takes in that the script could not be started, and certainly does not run.
pub fn start_refused(record: &JobRecord, cause: Cause, now: Timestamp) -> Plan<JobRecord> {
    let mut plan = Plan::keep(record.clone());
    if matches!(record.attempt().map(|attempt| &attempt.phase), Some(AttemptPhase::Intended { .. })) {
        let message = format!("the script could not be started: {}", cause.sentence);
        plan.events.push(NewEvent::new(now, record.id.as_str(), "job.refused", message));
        ending::attempt_failed(&mut plan, None, None, cause, now);
    }
    plan
}
