//! `GetWorkflowTemplate`: as it is, or as it was when an earlier version was instantiated.

use bytes::Bytes;
use caddis_googleapis::dataproc::GetWorkflowTemplateRequest;

use super::kept::VersionDocument;
use super::names::Parent;
use super::template;
use crate::documents;
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetWorkflowTemplateRequest>) -> Result<Bytes, Status> {
    let request = &asked.message;
    let (parent, id) = Parent::of_template("name", &request.name)?;
    let current = template::find(face, &parent, id).await?;
    if request.version == 0 || request.version == current.body.version {
        return Ok(template::answer(&current.body, &parent, id));
    }
    let key = parent.place.key(&format!("{id}/{}", request.version));
    let earlier = documents::find::<VersionDocument>(&face.engine, &key).await?;
    let earlier = earlier.ok_or_else(|| {
        let name = parent.template(id);
        Status::not_found("Workflow template", &format!("{name} version {} (only what was instantiated is kept)", request.version))
    })?;
    Ok(template::answer(&earlier.body.0, &parent, id))
}
