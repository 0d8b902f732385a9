//! How far a workflow is: plain data, kept in its document, changed by [`super::step`] alone.
//!
//! What always holds: a step that was submitted is never waiting again; a step that ended never changes; what ended the
//! workflow is written before anything is ended for it.

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that the next decision depends on, beside what is seen of the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// In the template's order.
    pub(crate) steps: Vec<Step>,
    /// Where its jobs run.
    pub(crate) target: Target,
    /// The longest that its jobs may take together, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dag_timeout_ms: Option<u64>,
    /// When the first job was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dag_started_at: Option<Timestamp>,
    /// When the last step ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dag_ended_at: Option<Timestamp>,
    /// Somebody asked for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_at: Option<Timestamp>,
    /// Why it does not succeed; the first reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    /// What did not work and is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<Trouble>,
    /// When nothing more was to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Timestamp>,
}

/// One job of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: String,
    /// Steps that must have succeeded before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) submitted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<End>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) at: Timestamp,
    /// Absent: it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Step {
    /// It ended well.
    pub(crate) fn succeeded(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.error.is_none())
    }

    /// It has a job that was not over when it was looked at last.
    pub(crate) fn runs(&self) -> bool {
        self.submitted_at.is_some() && self.end.is_none()
    }
}

/// Where jobs run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// On a cluster that was there before: the one that was chosen last.
    Selected { name: String, uuid: String },
    /// On a cluster of the workflow's own.
    Managed(Managed),
}

/// A workflow's own cluster. Each point in time is written once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Managed {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) uuid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ready_at: Option<Timestamp>,
    /// Why it never served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleting_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gone_at: Option<Timestamp>,
}

/// How far a managed cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Wanted,
    Creating,
    Ready,
    Deleting,
    Gone,
}

impl Managed {
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Managed { gone_at: Some(_), .. } => Phase::Gone,
            Managed { deleting_at: Some(_), .. } => Phase::Deleting,
            Managed { ready_at: Some(_), .. } => Phase::Ready,
            Managed { asked_at: Some(_), .. } => Phase::Creating,
            _ => Phase::Wanted,
        }
    }
}

/// Why a workflow does not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) sentence: String,
}

/// What kind of end it is; the operation's code follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailureKind {
    /// A step, or its cluster, failed.
    Failed,
    /// It took longer than its `dag_timeout`.
    TooLong,
    /// Somebody asked for its end.
    Cancelled,
}

/// Something to be done that did not work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) act: Act,
    pub(crate) tries: u32,
    pub(crate) not_before: Timestamp,
    pub(crate) sentence: String,
}

/// Something to be done. Each is done together with what is written of it, or may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    CreateCluster,
    /// The job of this step.
    Submit(String),
    /// The job of this step.
    Cancel(String),
    DeleteCluster,
}

impl Progress {
    /// A workflow that was just asked for.
    pub(crate) fn new(steps: Vec<Step>, target: Target, dag_timeout_ms: Option<u64>) -> Progress {
        Progress {
            steps,
            target,
            dag_timeout_ms,
            dag_started_at: None,
            dag_ended_at: None,
            cancelled_at: None,
            failure: None,
            trouble: None,
            ended_at: None,
        }
    }

    pub(crate) fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// Whether all that a step needs has succeeded.
    pub(crate) fn unblocked(&self, step: &Step) -> bool {
        step.needs.iter().all(|id| self.step(id).is_some_and(Step::succeeded))
    }

    /// Its own cluster.
    pub(crate) fn managed(&self) -> Option<&Managed> {
        match &self.target {
            Target::Managed(managed) => Some(managed),
            Target::Selected { .. } => None,
        }
    }

    /// Name and uuid of the cluster that its jobs run on, once it is known.
    pub(crate) fn cluster(&self) -> Option<(&str, &str)> {
        match &self.target {
            Target::Selected { name, uuid } => Some((name.as_str(), uuid.as_str())).filter(|(name, _)| !name.is_empty()),
            Target::Managed(managed) => managed.asked_at.map(|_| (managed.name.as_str(), managed.uuid.as_str())),
        }
    }

    /// The first reason stays.
    pub(crate) fn fail(&mut self, kind: FailureKind, sentence: impl Into<String>) {
        self.failure.get_or_insert_with(|| Failure { kind, sentence: sentence.into() });
    }
}
