//! `UpdateWorkflowTemplate`: the whole template is replaced, by somebody who has seen its current version.

use bytes::Bytes;
use caddis_googleapis::dataproc::UpdateWorkflowTemplateRequest;

use super::kept::TemplateDocument;
use super::names::Parent;
use super::{template, validate};
use crate::documents::{self, Encoded};
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn update(face: &Dataproc, asked: Asked<UpdateWorkflowTemplateRequest>) -> Result<Bytes, Status> {
    let mut wanted = asked.message.template.clone().ok_or_else(|| Status::field("template", "must be specified"))?;
    let name = wanted.name.clone();
    let (parent, id) = Parent::of_template("template.name", &name)?;
    if wanted.id.is_empty() {
        id.clone_into(&mut wanted.id);
    }
    if wanted.id != id {
        return Err(Status::field("template.id", format!("`{}` is not the `{id}` of the template's name", wanted.id)));
    }
    let current = template::find(face, &parent, id).await?;
    if wanted.version == 0 {
        return Err(Status::field("template.version", "must be specified: the version that was read"));
    }
    template::same_version(wanted.version, &current.body, "template.version")?;
    validate::kept(&wanted)?;
    let kept = template::kept("UpdateWorkflowTemplateRequest", &asked.raw)?;
    let document = TemplateDocument {
        template: Encoded(kept),
        version: current.body.version + 1,
        created_at: current.body.created_at,
        updated_at: face.now(),
    };
    let writes = vec![documents::write(&current.key, current.generation, &document)];
    face.engine.write_documents(writes).await.map_err(|error| template::lost(error, &parent, id))?;
    Ok(template::answer(&document, &parent, id))
}
