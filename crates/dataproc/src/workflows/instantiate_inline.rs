//! `InstantiateInlineWorkflowTemplate`: a template that is never kept as one. Its parameters have no values, so it must
//! have none.

use caddis_googleapis::dataproc::InstantiateInlineWorkflowTemplateRequest;
use caddis_googleapis::longrunning::Operation;

use super::begin::{self, Source};
use super::names::Parent;
use super::{template, validate};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::wire::{Asked, Status};

pub(super) async fn instantiate_inline(
    face: &Dataproc,
    asked: Asked<InstantiateInlineWorkflowTemplateRequest>,
) -> Result<Operation, Status> {
    let request = &asked.message;
    let parent = Parent::parse("parent", &request.parent)?;
    let wanted = request.template.as_ref().ok_or_else(|| Status::field("template", "must be specified"))?;
    let fresh = Fresh::new(face, &parent.place, "InstantiateInlineWorkflowTemplate", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    validate::template(wanted, true)?;
    if !wanted.parameters.is_empty() {
        let what = "an inline template is instantiated as it is: it can have no parameters";
        return Err(Status::field("template.parameters", what));
    }
    let source = Source {
        name: String::new(),
        id: wanted.id.clone(),
        version: 0,
        template: template::kept("InstantiateInlineWorkflowTemplateRequest", &asked.raw)?,
        parameters: Default::default(),
        also: Vec::new(),
    };
    begin::begin(face, &asked.caller, &parent.place, &fresh, source).await
}
