//! What a workflow does next: a pure function of how far it is, what is seen of its cluster and jobs, and the time.
//!
//! What always holds: a step is submitted only while nothing has failed, on a cluster that serves, after all that it
//! needs has succeeded, and at most once, since submitting and writing that it was submitted are one transaction;
//! a workflow ends only when none of its jobs runs and a cluster of its own is gone. Deciding again after everything was
//! done yields nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use caddis_types::Timestamp;

use super::progress::{Act, End, FailureKind, Managed, Phase, Progress, Step, Target, Trouble};

/// What is seen of the outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// The workflow's own cluster.
    pub(crate) cluster: SeenCluster,
    /// Jobs of steps that were submitted and have not ended.
    pub(crate) jobs: BTreeMap<String, SeenJob>,
}

/// How a cluster is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum SeenCluster {
    /// There is none of that name and uuid.
    #[default]
    Absent,
    /// It is made.
    Creating { uuid: String },
    /// It serves.
    Running { uuid: String },
    /// It failed, and is there until it is deleted.
    Failed { uuid: String, why: String },
    /// It is being deleted, or stopped: by somebody, or as this workflow asked.
    Going { uuid: String },
}

/// How a job is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SeenJob {
    Active { cancelling: bool },
    Succeeded,
    Failed(String),
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// To be written before anything is done.
    pub(crate) progress: Progress,
    /// To be done, in this order.
    pub(crate) acts: Vec<Act>,
    /// When to look again though nothing changed.
    pub(crate) due: Option<Timestamp>,
}

/// How often something that did not work is tried before the workflow fails for it.
const TRIES: u32 = 8;
/// The pause after the first failure; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What to write, what to do.
pub(crate) fn decide(before: &Progress, seen: &Seen, now: Timestamp) -> Plan {
    let mut progress = before.clone();
    if progress.ended_at.is_some() {
        return Plan { progress, acts: Vec::new(), due: None };
    }
    observe_jobs(&mut progress, seen, now);
    observe_cluster(&mut progress, &seen.cluster, now);
    let deadline = limits(&mut progress, now);
    give_up_waiting_steps(&mut progress, now);
    if progress.steps.iter().all(|step| step.end.is_some()) {
        progress.dag_ended_at.get_or_insert(now);
    }
    let mut acts = acts(&progress, seen);
    if acts.is_empty() && is_over(&progress) {
        progress.ended_at = Some(now);
    }
    let postponed = postpone(&mut progress, &mut acts, now);
    Plan { progress, acts, due: [deadline, postponed].into_iter().flatten().min() }
}

fn observe_jobs(progress: &mut Progress, seen: &Seen, now: Timestamp) {
    for index in 0..progress.steps.len() {
        let step = &mut progress.steps[index];
        if !step.runs() {
            continue;
        }
        let error = match seen.jobs.get(&step.id) {
            Some(SeenJob::Active { .. }) => continue,
            Some(SeenJob::Succeeded) => None,
            Some(SeenJob::Failed(why)) => Some(why.clone()),
            None => Some("its job was deleted".to_owned()),
        };
        step.end = Some(End { at: now, error: error.clone() });
        if let Some(why) = error {
            let sentence = format!("Job of step `{}` failed: {why}", step.id);
            progress.fail(FailureKind::Failed, sentence);
        }
    }
}

fn observe_cluster(progress: &mut Progress, seen: &SeenCluster, now: Timestamp) {
    let unfinished = progress.steps.iter().any(|step| step.end.is_none());
    let Target::Managed(managed) = &mut progress.target else { return };
    if let SeenCluster::Creating { uuid } | SeenCluster::Running { uuid } | SeenCluster::Failed { uuid, .. } = seen
        && managed.uuid.is_empty()
        && managed.asked_at.is_some()
    {
        managed.uuid.clone_from(uuid);
    }
    let failed = match (managed.phase(), seen) {
        (Phase::Creating, SeenCluster::Running { .. }) => {
            managed.ready_at = Some(now);
            None
        }
        (Phase::Creating, SeenCluster::Failed { why, .. }) => Some(never(managed, why)),
        (Phase::Creating, SeenCluster::Going { .. }) => Some(never(managed, "it was deleted while it was created")),
        (Phase::Creating, SeenCluster::Absent) => {
            managed.gone_at = Some(now);
            Some(never(managed, "it was deleted while it was created"))
        }
        (Phase::Ready, SeenCluster::Failed { why, .. }) => Some(format!("Cluster `{}` failed: {why}", managed.name)),
        (Phase::Ready, SeenCluster::Going { .. }) => Some(format!("Cluster `{}` is being deleted or stopped", managed.name)),
        (Phase::Ready, SeenCluster::Absent) => {
            managed.gone_at = Some(now);
            Some(format!("Cluster `{}` is gone", managed.name))
        }
        (Phase::Deleting, SeenCluster::Absent) => {
            managed.gone_at = Some(now);
            None
        }
        _ => None,
    };
    if let Some(sentence) = failed.filter(|_| unfinished) {
        progress.fail(FailureKind::Failed, sentence);
    }
}

/// A cluster that never served.
fn never(managed: &mut Managed, why: &str) -> String {
    managed.error.get_or_insert_with(|| why.to_owned());
    format!("Cluster `{}` could not be created: {why}", managed.name)
}

/// Ends that were asked for, or agreed. What has succeeded already stays a success. Answers when the time will be over.
fn limits(progress: &mut Progress, now: Timestamp) -> Option<Timestamp> {
    if progress.steps.iter().all(Step::succeeded) {
        return None;
    }
    if progress.cancelled_at.is_some() {
        progress.fail(FailureKind::Cancelled, "Operation was cancelled");
    }
    let started = progress.dag_started_at.filter(|_| progress.failure.is_none())?;
    let timeout = Duration::from_millis(progress.dag_timeout_ms?);
    let deadline = started + timeout;
    if deadline > now {
        return Some(deadline);
    }
    let sentence = format!("The jobs took longer than the `dag_timeout` of {}s", timeout.as_secs());
    progress.fail(FailureKind::TooLong, sentence);
    None
}

/// After a failure nothing more is submitted.
fn give_up_waiting_steps(progress: &mut Progress, now: Timestamp) {
    let Some(failure) = &progress.failure else { return };
    let error = format!("It was not run: {}", failure.sentence);
    for step in progress.steps.iter_mut().filter(|step| step.submitted_at.is_none() && step.end.is_none()) {
        step.end = Some(End { at: now, error: Some(error.clone()) });
    }
}

fn acts(progress: &Progress, seen: &Seen) -> Vec<Act> {
    if progress.dag_ended_at.is_some() {
        let there = progress.managed().is_some_and(|managed| matches!(managed.phase(), Phase::Creating | Phase::Ready));
        return if there { vec![Act::DeleteCluster] } else { Vec::new() };
    }
    if progress.failure.is_some() {
        let told = |step: &&Step| matches!(seen.jobs.get(&step.id), Some(SeenJob::Active { cancelling: true }));
        let running = progress.steps.iter().filter(|step| step.runs() && !told(step));
        return running.map(|step| Act::Cancel(step.id.clone())).collect();
    }
    match progress.managed().map(Managed::phase) {
        Some(Phase::Wanted) => vec![Act::CreateCluster],
        None | Some(Phase::Ready) => {
            let next = |step: &&Step| step.submitted_at.is_none() && step.end.is_none() && progress.unblocked(step);
            progress.steps.iter().filter(next).map(|step| Act::Submit(step.id.clone())).collect()
        }
        Some(Phase::Creating | Phase::Deleting | Phase::Gone) => Vec::new(),
    }
}

/// All steps ended, and nothing is left of its own cluster.
fn is_over(progress: &Progress) -> bool {
    let nothing_left = progress.managed().is_none_or(|managed| matches!(managed.phase(), Phase::Wanted | Phase::Gone));
    progress.dag_ended_at.is_some() && nothing_left
}

/// What did not work makes everything wait for a while, and comes last then, so that it holds nothing else up; what is
/// not to be done any more is no trouble any more.
fn postpone(progress: &mut Progress, acts: &mut Vec<Act>, now: Timestamp) -> Option<Timestamp> {
    let trouble = progress.trouble.clone()?;
    let Some(place) = acts.iter().position(|act| *act == trouble.act) else {
        progress.trouble = None;
        return None;
    };
    if trouble.not_before > now {
        acts.clear();
        return Some(trouble.not_before);
    }
    let last = acts.remove(place);
    acts.push(last);
    None
}

/// How far it is once `act` was done. Nothing is written of a cancellation: the job itself shows it.
pub(crate) fn done(before: &Progress, act: &Act, now: Timestamp) -> Progress {
    let mut progress = before.clone();
    progress.trouble = progress.trouble.filter(|trouble| trouble.act != *act);
    match (act, &mut progress.target) {
        (Act::CreateCluster, Target::Managed(managed)) => managed.asked_at = Some(now),
        (Act::DeleteCluster, Target::Managed(managed)) => managed.deleting_at = Some(now),
        (Act::Submit(id), _) => {
            progress.dag_started_at.get_or_insert(now);
            if let Some(step) = progress.steps.iter_mut().find(|step| step.id == *id) {
                step.submitted_at = Some(now);
            }
        }
        _ => {}
    }
    progress
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It will be the same the next time.
    Final(String),
    /// It may work later.
    Passing(String),
    /// What it is about is not there.
    Missing(String),
}

/// How far it is when `act` could not be done.
pub(crate) fn refused(before: &Progress, act: &Act, refusal: &Refusal, now: Timestamp) -> Progress {
    let mut progress = before.clone();
    match (act, refusal) {
        (Act::DeleteCluster, Refusal::Missing(_)) => {
            if let Target::Managed(managed) = &mut progress.target {
                managed.gone_at = Some(now);
            }
        }
        // A job that cannot be found is seen as such by the next look.
        (Act::Cancel(_), Refusal::Missing(_)) => {}
        // What ends things is tried until it works.
        (Act::Cancel(_) | Act::DeleteCluster, _) => try_again(&mut progress, act, refusal, now),
        (_, Refusal::Passing(_)) if tries(before) + 1 < TRIES => try_again(&mut progress, act, refusal, now),
        (Act::CreateCluster, Refusal::Final(why) | Refusal::Passing(why) | Refusal::Missing(why)) => {
            if let Target::Managed(managed) = &mut progress.target {
                managed.error = Some(why.clone());
            }
            progress.fail(FailureKind::Failed, format!("Error submitting create cluster request: {why}"));
        }
        (Act::Submit(id), Refusal::Final(why) | Refusal::Passing(why) | Refusal::Missing(why)) => {
            if let Some(step) = progress.steps.iter_mut().find(|step| step.id == *id) {
                step.end = Some(End { at: now, error: Some(why.clone()) });
            }
            progress.fail(FailureKind::Failed, format!("Error submitting job request of step `{id}`: {why}"));
        }
    }
    progress
}

/// Failures in a row, whatever they were about: two things that fail in turn are tried no more often than one.
fn tries(progress: &Progress) -> u32 {
    progress.trouble.as_ref().map_or(0, |trouble| trouble.tries)
}

fn try_again(progress: &mut Progress, act: &Act, refusal: &Refusal, now: Timestamp) {
    let (Refusal::Final(why) | Refusal::Passing(why) | Refusal::Missing(why)) = refusal;
    let tries = tries(progress) + 1;
    let pause = PAUSE.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST_PAUSE);
    progress.trouble = Some(Trouble { act: act.clone(), tries, not_before: now + pause, sentence: why.clone() });
}
