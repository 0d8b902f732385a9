//! What is kept of templates and workflows.

use std::collections::BTreeMap;

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::progress::Progress;
use crate::documents::{Encoded, Kept};

/// A template as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TemplateDocument {
    /// `google.cloud.dataproc.v1.WorkflowTemplate`, as it was given.
    pub(super) template: Encoded,
    /// 1, then one more with each update.
    pub(super) version: i32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Kept for TemplateDocument {
    const KIND: &'static str = "dataproc.workflow_template";
}

/// A template as it was when it was instantiated: `P/R/ID/VERSION`. Earlier versions can be read, nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct VersionDocument(pub(super) TemplateDocument);

impl Kept for VersionDocument {
    const KIND: &'static str = "dataproc.workflow_template_version";
}

/// A workflow: one run of a template. Its key is its operation's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkflowDocument {
    /// Who asked for it, and whose its cluster and jobs are.
    pub(super) owner: String,
    /// The template's full name; empty for an inline one.
    pub(super) template_name: String,
    pub(super) version: i32,
    pub(super) parameters: BTreeMap<String, String>,
    /// The template with its parameters put in. Nothing that happens to the template later changes it.
    pub(super) template: Encoded,
    /// What the names of its cluster and jobs end in.
    pub(super) suffix: String,
    pub(super) begun_at: Timestamp,
    pub(super) progress: Progress,
}

impl WorkflowDocument {
    /// Whether it was over by then.
    pub(crate) fn ended_before(&self, at: Timestamp) -> bool {
        self.progress.ended_at.is_some_and(|ended| ended < at)
    }
}

impl Kept for WorkflowDocument {
    const KIND: &'static str = "dataproc.workflow";
}

/// Says that a workflow has not ended: what has to be looked at after a start, without reading all that ever was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ActiveDocument {}

impl Kept for ActiveDocument {
    const KIND: &'static str = "dataproc.workflow_active";
}
