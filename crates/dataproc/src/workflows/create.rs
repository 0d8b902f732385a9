//! `CreateWorkflowTemplate`.

use bytes::Bytes;
use caddis_googleapis::dataproc::CreateWorkflowTemplateRequest;

use super::kept::TemplateDocument;
use super::names::Parent;
use super::{template, validate};
use crate::documents::{self, Encoded};
use crate::face::Dataproc;
use crate::wire::{Asked, Code, Status};

pub(super) async fn create(face: &Dataproc, asked: Asked<CreateWorkflowTemplateRequest>) -> Result<Bytes, Status> {
    let request = &asked.message;
    let parent = Parent::parse("parent", &request.parent)?;
    let wanted = request.template.as_ref().ok_or_else(|| Status::field("template", "must be specified"))?;
    validate::kept(wanted)?;
    let kept = template::kept("CreateWorkflowTemplateRequest", &asked.raw)?;
    let at = face.now();
    let document = TemplateDocument { template: Encoded(kept), version: 1, created_at: at, updated_at: at };
    let key = parent.place.key(&wanted.id);
    let exists = || {
        let name = parent.template(&wanted.id);
        Status::new(Code::AlreadyExists, format!("Already exists: Workflow template {name}"))
    };
    if documents::find::<TemplateDocument>(&face.engine, &key).await?.is_some() {
        return Err(exists());
    }
    match face.engine.write_documents(vec![documents::write(&key, 0, &document)]).await {
        Ok(()) => Ok(template::answer(&document, &parent, &wanted.id)),
        // Somebody with the same id was faster.
        Err(error) if error.code == "conflict" => Err(exists()),
        Err(error) => Err(error.into()),
    }
}
