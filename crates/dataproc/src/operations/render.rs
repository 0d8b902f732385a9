//! An operation as it is answered: how far it is follows from the records of what it is about.

use bytes::Bytes;
use caddis_core::record::{ClusterRecord, ClusterState, StopWhy};
use caddis_googleapis::dataproc::cluster_operation_status::State;
use caddis_googleapis::dataproc::{
    Cluster, ClusterOperationMetadata, ClusterOperationStatus, ClusterStatus, JobMetadata, cluster_status,
};
use caddis_googleapis::longrunning::Operation;
use caddis_googleapis::longrunning::operation::Result as Outcome;
use caddis_types::{Cause, Timestamp};
use prost::Message;
use prost_types::Any;

use crate::clusters::render::timestamp;
use crate::documents::{self, About, ClusterWork, OperationDocument, Read};
use crate::face::Dataproc;
use crate::jobs;
use crate::raw;
use crate::waits;
use crate::wire::{Code, Status, any};
use crate::workflows::{self, WorkflowDocument};

/// The operation now.
pub(crate) async fn operation(face: &Dataproc, read: &Read<OperationDocument>) -> Result<Operation, Status> {
    telling(face, read, Tells::Nothing).await
}

/// Whether an operation that goes on tells what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    /// It does.
    Waiting,
    /// It does not: it is one of many, or has only just begun.
    Nothing,
}

/// The operation now, for somebody who looks how far it is.
pub(super) async fn telling(face: &Dataproc, read: &Read<OperationDocument>, tells: Tells) -> Result<Operation, Status> {
    let record = match &read.body.about {
        About::Cluster { cluster, .. } => crate::clusters::record(face, cluster).await?,
        About::Job { .. } | About::Workflow { .. } => None,
    };
    with_record(face, read, record.as_ref(), tells).await
}

/// The operation now, of one about a cluster by the cluster's record.
pub(super) async fn with_record(
    face: &Dataproc,
    read: &Read<OperationDocument>,
    record: Option<&ClusterRecord>,
    tells: Tells,
) -> Result<Operation, Status> {
    let name = name(&read.key);
    match &read.body.about {
        About::Cluster { what, name: cluster_name, uuid, asked, .. } => {
            let end = end(*what, record, &read.body);
            let waits = match record {
                Some(record) if end.is_none() && tells == Tells::Waiting => waits::of_cluster(face, record).await,
                _ => String::new(),
            };
            let response = |state, at| response(*what, &asked.0, uuid, state, at);
            Ok(Operation {
                name,
                metadata: Some(any(&metadata(read, *what, cluster_name, uuid, end.as_ref(), &waits))),
                done: end.is_some(),
                result: end.map(|end| match end {
                    End::Well { state, at } => Outcome::Response(response(state, at)),
                    End::Badly { status, .. } => Outcome::Error(status.to_proto()),
                }),
            })
        }
        About::Job { key, .. } => {
            let (job, kept) = match tells {
                Tells::Waiting => jobs::saying(face, key).await?,
                Tells::Nothing => jobs::by_key(face, key).await?,
            };
            let done = job.done;
            let metadata = JobMetadata {
                job_id: job.reference.as_ref().map(|reference| reference.job_id.clone()).unwrap_or_default(),
                status: job.status.clone(),
                operation_type: kind(&read.body.about).to_owned(),
                start_time: Some(timestamp(read.body.at)),
            };
            let mut response = any(&job);
            response.value = jobs::encoded(&kept.body, &job)?.to_vec();
            let result = done.then_some(Outcome::Response(response));
            Ok(Operation { name, metadata: Some(any(&metadata)), done, result })
        }
        About::Workflow { key } => {
            let found = documents::find::<WorkflowDocument>(&face.engine, key).await?;
            let workflow = found.ok_or_else(|| Status::not_found("Operation", &name))?.body;
            let metadata = workflows::render::metadata(key, &workflow)?;
            let result = workflows::render::outcome(&workflow);
            Ok(Operation { name, metadata: Some(any(&metadata)), done: result.is_some(), result })
        }
    }
}

/// What kind of operation it is, as filters and metadata name it.
pub(super) fn kind(about: &About) -> &'static str {
    match about {
        About::Cluster { what: ClusterWork::Create, .. } => "CREATE",
        About::Cluster { what: ClusterWork::Update, .. } => "UPDATE",
        About::Cluster { what: ClusterWork::Delete, .. } => "DELETE",
        About::Cluster { what: ClusterWork::Start, .. } => "START",
        About::Cluster { what: ClusterWork::Stop, .. } => "STOP",
        About::Cluster { what: ClusterWork::Diagnose, .. } => "DIAGNOSE",
        About::Job { .. } => "SUBMIT_JOB",
        About::Workflow { .. } => "WORKFLOW",
    }
}

/// `projects/P/regions/R/operations/ID` of the key `P/R/ID`.
fn name(key: &str) -> String {
    let mut parts = key.splitn(3, '/');
    let mut part = || parts.next().unwrap_or_default();
    format!("projects/{}/regions/{}/operations/{}", part(), part(), part())
}

/// How an operation ended.
enum End {
    Well { state: cluster_status::State, at: Timestamp },
    Badly { status: Status, at: Timestamp },
}

impl End {
    fn at(&self) -> Timestamp {
        match self {
            End::Well { at, .. } | End::Badly { at, .. } => *at,
        }
    }
}

/// Whether an operation about a cluster is over, by the cluster's record.
pub(crate) fn is_over(document: &OperationDocument, record: Option<&ClusterRecord>) -> bool {
    match &document.about {
        About::Cluster { what, .. } => end(*what, record, document).is_some(),
        About::Job { .. } | About::Workflow { .. } => false,
    }
}

/// How it ended; nothing while it goes on.
fn end(what: ClusterWork, record: Option<&ClusterRecord>, document: &OperationDocument) -> Option<End> {
    use cluster_status::State as Now;
    let well = |state, at| Some(End::Well { state, at });
    let ended = match record.map(|record| &record.state) {
        None => Some((document.at, None)),
        Some(ClusterState::Ended { at, why } | ClusterState::Stopping { since: at, why, .. }) => Some((*at, Some(why))),
        Some(_) => None,
    };
    let gone = record.is_none_or(|record| record.state.is_ended());
    let at = record.and_then(|record| match &record.state {
        ClusterState::Ended { at, .. } => Some(*at),
        _ => None,
    });
    match what {
        ClusterWork::Create | ClusterWork::Start => match (record.and_then(|record| record.ready_at), ended) {
            (Some(at), _) => well(Now::Running, at),
            (None, Some((at, why))) => Some(End::Badly { status: failed(why, document), at }),
            (None, None) => None,
        },
        ClusterWork::Update => match (document.settled_at, ended) {
            (Some(at), _) => well(Now::Running, at),
            (None, Some((at, why))) => Some(End::Badly { status: failed(why, document), at }),
            (None, None) => None,
        },
        ClusterWork::Delete => gone.then(|| End::Well { state: Now::Deleting, at: at.unwrap_or(document.at) }),
        ClusterWork::Stop => gone.then(|| End::Well { state: Now::Stopped, at: at.unwrap_or(document.at) }),
        ClusterWork::Diagnose => well(Now::Running, document.at),
    }
}

/// The error of an operation whose cluster ended instead.
fn failed(why: Option<&StopWhy>, document: &OperationDocument) -> Status {
    match why {
        _ if document.cancelled_at.is_some() => Status::new(Code::Cancelled, "Operation was cancelled"),
        Some(StopWhy { cause: Some(cause), .. }) => Status::new(Code::Internal, said(cause, document)),
        Some(why) => Status::new(Code::Aborted, why.sentence.clone()),
        None => Status::new(Code::NotFound, "the cluster is gone"),
    }
}

/// The words for a failure, as the cluster's own state has them.
fn said(cause: &Cause, document: &OperationDocument) -> String {
    match &document.about {
        About::Cluster { asked, uuid, .. } => crate::clusters::said(cause, &asked.0, uuid),
        About::Job { .. } | About::Workflow { .. } => cause.sentence.clone(),
    }
}

/// What a successful operation answers.
fn response(what: ClusterWork, asked: &Bytes, uuid: &str, state: cluster_status::State, at: Timestamp) -> Any {
    match what {
        ClusterWork::Delete => any(&()),
        ClusterWork::Diagnose => Any {
            type_url: "type.googleapis.com/google.cloud.dataproc.v1.DiagnoseClusterResults".to_owned(),
            value: asked.to_vec(),
        },
        _ => {
            let status = ClusterStatus { state: state.into(), state_start_time: Some(timestamp(at)), ..Default::default() };
            let over = Cluster { cluster_uuid: uuid.to_owned(), status: Some(status), ..Cluster::default() };
            let mut cluster = any(&over);
            cluster.value = raw::merge(asked, &over.encode_to_vec()).to_vec();
            cluster
        }
    }
}

fn metadata(
    read: &Read<OperationDocument>,
    what: ClusterWork,
    cluster_name: &str,
    uuid: &str,
    end: Option<&End>,
    waits: &str,
) -> ClusterOperationMetadata {
    let status = |state: State, at, details: &str| ClusterOperationStatus {
        state: state.into(),
        inner_state: state.as_str_name().to_owned(),
        details: details.to_owned(),
        state_start_time: Some(timestamp(at)),
    };
    let begun = read.body.at;
    let mut history = vec![status(State::Pending, begun, ""), status(State::Running, begun, "")];
    match end {
        Some(end) => {
            let details = match end {
                End::Well { .. } => "",
                End::Badly { status, .. } => &status.message,
            };
            history.push(status(State::Done, end.at().max(begun), details));
        }
        // What is waited for is said of the present alone.
        None => waits.clone_into(&mut history[1].details),
    }
    let description = match what {
        ClusterWork::Create => "Create cluster with",
        ClusterWork::Update => "Update cluster",
        ClusterWork::Delete => "Delete cluster",
        ClusterWork::Start => "Start cluster",
        ClusterWork::Stop => "Stop cluster",
        ClusterWork::Diagnose => "Diagnose cluster",
    };
    ClusterOperationMetadata {
        cluster_name: cluster_name.to_owned(),
        cluster_uuid: uuid.to_owned(),
        status: history.pop(),
        status_history: history,
        operation_type: kind(&read.body.about).to_owned(),
        description: match what {
            ClusterWork::Create => format!("{description} {} workers", workers_text(&read.body)),
            _ => description.to_owned(),
        },
        labels: read.body.labels.clone(),
        warnings: read.body.warnings.clone(),
        ..ClusterOperationMetadata::default()
    }
}

fn workers_text(document: &OperationDocument) -> u32 {
    let About::Cluster { asked, .. } = &document.about else { return 0 };
    let cluster = Cluster::decode(asked.0.clone()).unwrap_or_default();
    crate::clusters::workers(&cluster.config.unwrap_or_default())
}
