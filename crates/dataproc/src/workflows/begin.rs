//! The beginning of a workflow: its operation, its document, and the sign that it has not ended, in one transaction.

use std::collections::BTreeMap;

use bytes::Bytes;
use caddis_engine::calls::Caller;
use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::dataproc::WorkflowTemplate;
use caddis_googleapis::dataproc::workflow_template_placement::Placement;
use caddis_googleapis::longrunning::Operation;
use sha2::Digest;

use super::kept::{ActiveDocument, WorkflowDocument};
use super::progress::{Managed, Progress, Step, Target};
use super::{parameters, request, validate};
use crate::documents::{self, About, Encoded};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::wire::{Code, Status};

/// What is instantiated.
pub(super) struct Source {
    /// The template's full name; empty for an inline one.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) version: i32,
    pub(super) template: Bytes,
    /// Values of its parameters.
    pub(super) parameters: BTreeMap<String, String>,
    /// Written in the same transaction.
    pub(super) also: Vec<DocumentWrite>,
}

/// Begins a workflow, and wakes what makes it go on.
pub(super) async fn begin(
    face: &Dataproc,
    caller: &Caller,
    place: &Place,
    fresh: &Fresh,
    source: Source,
) -> Result<Operation, Status> {
    let applied = parameters::apply(&source.template, &source.parameters)?;
    let template = WorkflowTemplate { id: source.id.clone(), ..super::decode(&applied)? };
    validate::template(&template, source.name.is_empty())?;
    let suffix = suffix(&fresh.key);
    let begun_at = face.now();
    let labels = request::labels(&template, &source.id, &fresh.key, None, &BTreeMap::new());
    let document = WorkflowDocument {
        owner: caller.owner.clone(),
        template_name: source.name,
        version: source.version,
        parameters: source.parameters,
        progress: progress(&template, &suffix),
        template: Encoded(applied),
        suffix,
        begun_at,
    };
    let mut writes = vec![
        fresh.write(caller, About::Workflow { key: fresh.key.clone() }, begun_at, labels, Vec::new()),
        documents::write(&fresh.key, 0, &document),
        documents::write(&fresh.key, 0, &ActiveDocument {}),
    ];
    writes.extend(source.also);
    match face.engine.write_documents(writes).await {
        Ok(()) => {}
        Err(error) if error.code == "conflict" => {
            // The same request was faster, or the same version was instantiated for the first time twice at once.
            let first = operations::repeated(face, fresh).await?;
            let name = place.of("operations", fresh.key.rsplit('/').next().unwrap_or_default());
            return first.ok_or_else(|| Status::new(Code::Aborted, format!("{name} could not begin beside another one; try again")));
        }
        Err(error) => return Err(error.into()),
    }
    face.workflows.send_replace(());
    operations::get_by_key(face, &fresh.key).await
}

fn progress(template: &WorkflowTemplate, suffix: &str) -> Progress {
    let steps = template.jobs.iter().map(|job| Step {
        id: job.step_id.clone(),
        needs: job.prerequisite_step_ids.clone(),
        submitted_at: None,
        end: None,
    });
    let target = match template.placement.as_ref().and_then(|placement| placement.placement.as_ref()) {
        Some(Placement::ManagedCluster(managed)) => {
            Target::Managed(Managed { name: format!("{}-{suffix}", managed.cluster_name), ..Managed::default() })
        }
        _ => Target::Selected { name: String::new(), uuid: String::new() },
    };
    let milliseconds = |timeout: &prost_types::Duration| {
        timeout.seconds.unsigned_abs() * 1000 + u64::from(timeout.nanos.unsigned_abs()) / 1_000_000
    };
    Progress::new(steps.collect(), target, template.dag_timeout.as_ref().map(milliseconds))
}

/// 13 lowercase letters and digits that follow from the workflow's key.
fn suffix(key: &str) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest = sha2::Sha256::digest(format!("workflow {key}"));
    digest[..13].iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}
