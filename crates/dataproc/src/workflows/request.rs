//! What a workflow asks of the other methods: the very requests that a client would make, made of its template. Fields
//! that are newer than our protos go with them.

use std::collections::BTreeMap;

use bytes::Bytes;
use caddis_googleapis::dataproc::workflow_template_placement::Placement;
use caddis_googleapis::dataproc::{
    CancelJobRequest, Cluster, CreateClusterRequest, DeleteClusterRequest, Job, JobPlacement, JobReference,
    SubmitJobRequest, WorkflowTemplate,
};
use prost::Message;
use prost_reflect::{DynamicMessage, Value};

use super::kept::WorkflowDocument;
use super::progress::Managed;
use crate::place::Place;
use crate::raw;
use crate::wire::{Code, Status};

/// The request id under which a workflow creates its cluster.
pub(super) fn create_id(suffix: &str) -> String {
    format!("workflow-{suffix}-create")
}

/// The request id under which a workflow deletes its cluster.
pub(super) fn delete_id(suffix: &str) -> String {
    format!("workflow-{suffix}-delete")
}

/// The id of a step's job.
pub(super) fn job_id(step: &str, suffix: &str) -> String {
    format!("{step}-{suffix}")
}

/// Labels of what a workflow makes: the template's, over them its own, over them what Google says of workflows.
pub(super) fn labels(
    template: &WorkflowTemplate,
    id: &str,
    key: &str,
    step: Option<&str>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut labels = template.labels.clone();
    labels.extend(own.clone());
    let instance = key.rsplit('/').next().unwrap_or_default();
    let said = [("template-id", Some(id).filter(|id| !id.is_empty())), ("instance-id", Some(instance)), ("step-id", step)];
    for (name, value) in said {
        // A label's value has no capitals.
        labels.extend(value.map(|value| (format!("goog-dataproc-workflow-{name}"), value.to_lowercase())));
    }
    labels
}

/// For the cluster of its own.
pub(super) fn create(key: &str, place: &Place, document: &WorkflowDocument, name: &str) -> Result<Bytes, Status> {
    let template = super::decode(&document.template.0)?;
    let Some(Placement::ManagedCluster(managed)) = template.placement.as_ref().and_then(|at| at.placement.as_ref()) else {
        return Err(Status::new(Code::Internal, "the workflow has no cluster of its own"));
    };
    let known = CreateClusterRequest {
        project_id: place.project.clone(),
        region: place.region.clone(),
        request_id: create_id(&document.suffix),
        cluster: Some(Cluster {
            project_id: place.project.clone(),
            cluster_name: name.to_owned(),
            labels: labels(&template, &template_id(document), key, None, &managed.labels),
            ..Cluster::default()
        }),
        ..CreateClusterRequest::default()
    };
    let whole = raw::read("google.cloud.dataproc.v1.WorkflowTemplate", document.template.0.clone())?;
    let managed = message(&whole, "placement").and_then(|placement| message(&placement, "managed_cluster"));
    let cluster = part("Cluster", &managed.ok_or_else(unreadable)?, &["config"]);
    Ok(raw::merge(&wrapped("CreateClusterRequest", "cluster", cluster), &known.encode_to_vec()))
}

/// For the job of a step, on this cluster.
pub(super) fn submit(
    key: &str,
    place: &Place,
    document: &WorkflowDocument,
    step: &str,
    cluster: &str,
) -> Result<Bytes, Status> {
    let template = super::decode(&document.template.0)?;
    let index = template.jobs.iter().position(|job| job.step_id == step).ok_or_else(unreadable)?;
    let id = job_id(step, &document.suffix);
    let known = SubmitJobRequest {
        project_id: place.project.clone(),
        region: place.region.clone(),
        request_id: format!("workflow-{}-submit", document.suffix),
        job: Some(Job {
            reference: Some(JobReference { project_id: place.project.clone(), job_id: id }),
            placement: Some(JobPlacement { cluster_name: cluster.to_owned(), ..JobPlacement::default() }),
            labels: labels(&template, &template_id(document), key, Some(step), &template.jobs[index].labels),
            ..Job::default()
        }),
    };
    let whole = raw::read("google.cloud.dataproc.v1.WorkflowTemplate", document.template.0.clone())?;
    let jobs = whole.get_field_by_name("jobs").ok_or_else(unreadable)?;
    let ordered = jobs.as_list().and_then(|jobs| jobs.get(index)).and_then(Value::as_message).ok_or_else(unreadable)?;
    let job = part("Job", ordered, &["pyspark_job", "scheduling"]);
    Ok(raw::merge(&wrapped("SubmitJobRequest", "job", job), &known.encode_to_vec()))
}

/// For the end of a step's job.
pub(super) fn cancel(place: &Place, document: &WorkflowDocument, step: &str) -> Bytes {
    let request = CancelJobRequest {
        project_id: place.project.clone(),
        region: place.region.clone(),
        job_id: job_id(step, &document.suffix),
    };
    request.encode_to_vec().into()
}

/// For the end of the cluster of its own, and no other of that name.
pub(super) fn delete(place: &Place, document: &WorkflowDocument, managed: &Managed) -> Bytes {
    let request = DeleteClusterRequest {
        project_id: place.project.clone(),
        region: place.region.clone(),
        cluster_name: managed.name.clone(),
        cluster_uuid: managed.uuid.clone(),
        request_id: delete_id(&document.suffix),
    };
    request.encode_to_vec().into()
}

fn template_id(document: &WorkflowDocument) -> String {
    document.template_name.rsplit('/').next().unwrap_or_default().to_owned()
}

fn message(of: &DynamicMessage, field: &str) -> Option<DynamicMessage> {
    of.get_field_by_name(field).and_then(|value| value.as_message().cloned())
}

/// A message of type `name` with what `from` has in these fields; both types have them under the same names.
fn part(name: &str, from: &DynamicMessage, fields: &[&str]) -> DynamicMessage {
    let mut to = DynamicMessage::new(raw::descriptor(&format!("google.cloud.dataproc.v1.{name}")));
    for field in fields.iter().filter(|field| from.has_field_by_name(field)) {
        if let Some(value) = from.get_field_by_name(field) {
            to.set_field_by_name(field, value.into_owned());
        }
    }
    to
}

/// A request of type `name` that has nothing but this.
fn wrapped(name: &str, field: &str, message: DynamicMessage) -> Vec<u8> {
    let mut request = DynamicMessage::new(raw::descriptor(&format!("google.cloud.dataproc.v1.{name}")));
    request.set_field_by_name(field, Value::Message(message));
    request.encode_to_vec()
}

fn unreadable() -> Status {
    Status::new(Code::Internal, "what is kept of the workflow's template is not whole")
}
