//! `google.cloud.dataproc.v1.WorkflowTemplateService`: one file a method; and what makes workflows go on.
//!
//! A template is a document. A workflow (one run of it) is a document too, with how far it is ([`progress`]): this face's
//! only state machine, since no record of ours follows a workflow. [`step`] decides, purely, from that and from what is
//! seen ([`seen`]) of its cluster and jobs; [`act`] does it, by the same methods that clients call, in one transaction
//! with what is written of it; [`drive`] repeats that for every workflow that has not ended, also after a restart.
//! Deliberately absent: a way to clusters and jobs of its own.

mod act;
mod begin;
mod cancel;
mod create;
mod delete;
mod drive;
mod field_path;
mod get;
mod graph;
mod instantiate;
mod instantiate_inline;
mod kept;
mod list;
mod names;
mod parameters;
mod progress;
pub(crate) mod render;
mod request;
mod seen;
mod step;
#[cfg(test)]
mod step_tests;
mod template;
mod update;
mod validate;

use bytes::Bytes;
use caddis_googleapis::dataproc::WorkflowTemplate;
use prost::Message;

use crate::face::Dataproc;
use crate::wire::{Code, Methods, Status};

pub(crate) use cancel::{cancel, forget};
pub(crate) use drive::drive;
pub(crate) use kept::WorkflowDocument;

const SERVICE: &str = "google.cloud.dataproc.v1.WorkflowTemplateService";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add_raw(SERVICE, "CreateWorkflowTemplate", |face, asked| async move { create::create(&face, asked).await })
        .add_raw(SERVICE, "GetWorkflowTemplate", |face, asked| async move { get::get(&face, asked).await })
        .add_raw(SERVICE, "UpdateWorkflowTemplate", |face, asked| async move { update::update(&face, asked).await })
        .add(SERVICE, "ListWorkflowTemplates", |face, asked| async move { list::list(&face, asked).await })
        .add(SERVICE, "DeleteWorkflowTemplate", |face, asked| async move { delete::delete(&face, asked).await })
        .add(SERVICE, "InstantiateWorkflowTemplate", |face, asked| async move {
            instantiate::instantiate(&face, asked).await
        })
        .add(SERVICE, "InstantiateInlineWorkflowTemplate", |face, asked| async move {
            instantiate_inline::instantiate_inline(&face, asked).await
        });
}

/// A template that was kept.
fn decode(kept: &Bytes) -> Result<WorkflowTemplate, Status> {
    WorkflowTemplate::decode(kept.clone())
        .map_err(|error| Status::new(Code::Internal, format!("what is kept of the template cannot be read: {error}")))
}
