//! `DeleteWorkflowTemplate`: with its earlier versions. Workflows that run go on.

use caddis_googleapis::dataproc::DeleteWorkflowTemplateRequest;

use super::kept::VersionDocument;
use super::names::Parent;
use super::template;
use crate::documents;
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn delete(face: &Dataproc, asked: Asked<DeleteWorkflowTemplateRequest>) -> Result<(), Status> {
    let request = &asked.message;
    let (parent, id) = Parent::of_template("name", &request.name)?;
    let current = template::find(face, &parent, id).await?;
    if request.version != 0 {
        template::same_version(request.version, &current.body, "version")?;
    }
    let prefix = parent.place.key(&format!("{id}/"));
    let versions = documents::list::<VersionDocument>(&face.engine, &prefix, "", 0).await?;
    let mut writes = vec![documents::remove(&current)];
    writes.extend(versions.iter().map(documents::remove));
    face.engine.write_documents(writes).await.map_err(|error| template::lost(error, &parent, id))
}
