//! `InstantiateWorkflowTemplate`.

use caddis_googleapis::dataproc::InstantiateWorkflowTemplateRequest;
use caddis_googleapis::longrunning::Operation;

use super::begin::{self, Source};
use super::kept::VersionDocument;
use super::names::Parent;
use super::template;
use crate::documents;
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::wire::{Asked, Code, Status};

/// How often it is tried when others do the same at the same time.
const TRIES: usize = 5;

pub(super) async fn instantiate(
    face: &Dataproc,
    asked: Asked<InstantiateWorkflowTemplateRequest>,
) -> Result<Operation, Status> {
    let request = &asked.message;
    let (parent, id) = Parent::of_template("name", &request.name)?;
    let method = format!("InstantiateWorkflowTemplate {id}");
    let fresh = Fresh::new(face, &parent.place, &method, &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    for _ in 1..TRIES {
        match once(face, &asked, &parent, id, &fresh).await {
            // The same version was instantiated for the first time twice at once.
            Err(status) if status.code == Code::Aborted => {}
            result => return result,
        }
    }
    once(face, &asked, &parent, id, &fresh).await
}

async fn once(
    face: &Dataproc,
    asked: &Asked<InstantiateWorkflowTemplateRequest>,
    parent: &Parent,
    id: &str,
    fresh: &Fresh,
) -> Result<Operation, Status> {
    let request = &asked.message;
    let current = template::find(face, parent, id).await?;
    if request.version != 0 {
        template::same_version(request.version, &current.body, "version")?;
    }
    let key = parent.place.key(&format!("{id}/{}", current.body.version));
    let kept = documents::find::<VersionDocument>(&face.engine, &key).await?;
    let version = kept.is_none().then(|| documents::write(&key, 0, &VersionDocument(current.body.clone())));
    let source = Source {
        name: parent.template(id),
        id: id.to_owned(),
        version: current.body.version,
        template: current.body.template.0.clone(),
        parameters: request.parameters.clone(),
        also: version.into_iter().collect(),
    };
    begin::begin(face, &asked.caller, &parent.place, fresh, source).await
}
