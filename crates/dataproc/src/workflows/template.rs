//! A template as it is kept and as it is answered.

use bytes::Bytes;
use caddis_engine::calls::CallError;
use caddis_googleapis::dataproc::WorkflowTemplate;
use prost::Message;

use super::kept::TemplateDocument;
use super::names::Parent;
use crate::clusters::render::timestamp;
use crate::documents::{self, Read};
use crate::face::Dataproc;
use crate::raw;
use crate::wire::{Code, Status};

/// What only we say of a template.
const OUTPUT_ONLY: [&str; 4] = ["name", "version", "create_time", "update_time"];

/// A template out of a request of type `request`, as it is kept; fields that are newer than our protos stay in it.
pub(super) fn kept(request: &str, asked: &Bytes) -> Result<Bytes, Status> {
    let template = raw::field(&format!("google.cloud.dataproc.v1.{request}"), asked, "template")?;
    let mut template = raw::read("google.cloud.dataproc.v1.WorkflowTemplate", template)?;
    OUTPUT_ONLY.iter().for_each(|field| template.clear_field_by_name(field));
    Ok(template.encode_to_vec().into())
}

/// A template as it is answered, encoded.
pub(super) fn answer(document: &TemplateDocument, parent: &Parent, id: &str) -> Bytes {
    let over = WorkflowTemplate {
        id: id.to_owned(),
        name: parent.template(id),
        version: document.version,
        create_time: Some(timestamp(document.created_at)),
        update_time: Some(timestamp(document.updated_at)),
        ..WorkflowTemplate::default()
    };
    raw::merge(&document.template.0, &over.encode_to_vec())
}

/// The template of this name, or NOT_FOUND.
pub(super) async fn find(face: &Dataproc, parent: &Parent, id: &str) -> Result<Read<TemplateDocument>, Status> {
    let found = documents::find::<TemplateDocument>(&face.engine, &parent.place.key(id)).await?;
    found.ok_or_else(|| missing(parent, id))
}

pub(super) fn missing(parent: &Parent, id: &str) -> Status {
    Status::not_found("Workflow template", &parent.template(id))
}

/// A version that was given must be the present one.
pub(super) fn same_version(given: i32, document: &TemplateDocument, field: &str) -> Result<(), Status> {
    if given == document.version {
        return Ok(());
    }
    let text = format!("`{field}` is {given}, and the template's current version is {}; read it again", document.version);
    Err(Status::new(Code::FailedPrecondition, text))
}

/// Somebody changed the template between our reading and our writing.
pub(super) fn lost(error: CallError, parent: &Parent, id: &str) -> Status {
    match error.code.as_str() {
        "conflict" => {
            let name = parent.template(id);
            Status::new(Code::Aborted, format!("Workflow template {name} was changed by somebody else; read it again"))
        }
        _ => error.into(),
    }
}
