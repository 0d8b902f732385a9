//! A workflow as its operation shows it. Pure: all of it is in its document.

use caddis_googleapis::dataproc::workflow_metadata::State;
use caddis_googleapis::dataproc::workflow_node::NodeState;
use caddis_googleapis::dataproc::{ClusterOperation, WorkflowGraph, WorkflowMetadata, WorkflowNode};
use caddis_googleapis::longrunning::operation::Result as Outcome;

use super::kept::WorkflowDocument;
use super::progress::{FailureKind, Managed, Phase, Progress, Step};
use super::{names, request};
use crate::clusters::render::timestamp;
use crate::operations;
use crate::place::Place;
use crate::wire::{Code, Status, any};

/// What its operation says of it.
pub(crate) fn metadata(key: &str, document: &WorkflowDocument) -> Result<WorkflowMetadata, Status> {
    let place = names::place_of(key);
    let progress = &document.progress;
    let (cluster_name, cluster_uuid) = progress.cluster().unwrap_or_default();
    let timed = progress.dag_timeout_ms.is_some();
    Ok(WorkflowMetadata {
        template: document.template_name.clone(),
        version: document.version,
        create_cluster: progress.managed().and_then(|managed| created(managed, &place, &document.suffix)),
        graph: Some(WorkflowGraph { nodes: progress.steps.iter().map(|step| node(step, progress, &document.suffix)).collect() }),
        delete_cluster: progress.managed().and_then(|managed| deleted(managed, &place, &document.suffix)),
        state: state(progress).into(),
        cluster_name: cluster_name.to_owned(),
        parameters: document.parameters.clone(),
        start_time: Some(timestamp(document.begun_at)),
        end_time: progress.ended_at.map(timestamp),
        cluster_uuid: cluster_uuid.to_owned(),
        dag_timeout: progress.dag_timeout_ms.map(|milliseconds| prost_types::Duration {
            seconds: i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX),
            nanos: (milliseconds % 1000) as i32 * 1_000_000,
        }),
        dag_start_time: progress.dag_started_at.filter(|_| timed).map(timestamp),
        dag_end_time: progress.dag_ended_at.filter(|_| timed && progress.dag_started_at.is_some()).map(timestamp),
    })
}

/// How it ended; nothing while it goes on.
pub(crate) fn outcome(document: &WorkflowDocument) -> Option<Outcome> {
    document.progress.ended_at?;
    Some(match &document.progress.failure {
        None => Outcome::Response(any(&())),
        Some(failure) => {
            let code = match failure.kind {
                FailureKind::Failed => Code::Aborted,
                FailureKind::TooLong => Code::DeadlineExceeded,
                FailureKind::Cancelled => Code::Cancelled,
            };
            Outcome::Error(Status::new(code, failure.sentence.clone()).to_proto())
        }
    })
}

fn state(progress: &Progress) -> State {
    let begun = progress.dag_started_at.is_some() || progress.managed().is_some_and(|managed| managed.asked_at.is_some());
    match (progress.ended_at, begun) {
        (Some(_), _) => State::Done,
        (None, true) => State::Running,
        (None, false) => State::Pending,
    }
}

fn node(step: &Step, progress: &Progress, suffix: &str) -> WorkflowNode {
    let state = match &step.end {
        Some(end) if end.error.is_none() => NodeState::Completed,
        Some(_) => NodeState::Failed,
        None if step.submitted_at.is_some() => NodeState::Running,
        None if progress.unblocked(step) => NodeState::Runnable,
        None => NodeState::Blocked,
    };
    WorkflowNode {
        step_id: step.id.clone(),
        prerequisite_step_ids: step.needs.clone(),
        job_id: step.submitted_at.map(|_| request::job_id(&step.id, suffix)).unwrap_or_default(),
        state: state.into(),
        error: step.end.as_ref().and_then(|end| end.error.clone()).unwrap_or_default(),
    }
}

fn created(managed: &Managed, place: &Place, suffix: &str) -> Option<ClusterOperation> {
    let name = |_| operations::name_of(place, "CreateCluster", &request::create_id(suffix));
    let error = managed.error.clone().unwrap_or_default();
    let asked = managed.asked_at.is_some() || managed.error.is_some();
    asked.then(|| ClusterOperation {
        operation_id: managed.asked_at.map(name).unwrap_or_default(),
        done: managed.ready_at.is_some() || managed.error.is_some() || managed.phase() == Phase::Gone,
        error,
    })
}

fn deleted(managed: &Managed, place: &Place, suffix: &str) -> Option<ClusterOperation> {
    managed.deleting_at.map(|_| ClusterOperation {
        operation_id: operations::name_of(place, "DeleteCluster", &request::delete_id(suffix)),
        done: managed.phase() == Phase::Gone,
        error: String::new(),
    })
}
