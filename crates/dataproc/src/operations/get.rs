//! `GetOperation`.

use caddis_googleapis::longrunning::{GetOperationRequest, Operation};

use super::render::{self, Tells};
use crate::documents::{self, OperationDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetOperationRequest>) -> Result<Operation, Status> {
    render::telling(face, &find(face, &asked.message.name).await?, Tells::Waiting).await
}

/// Whether the operation of this name is there.
pub(crate) async fn exists(face: &Dataproc, name: &str) -> Result<(), Status> {
    find(face, name).await.map(drop)
}

/// The operation of this name, or NOT_FOUND.
pub(super) async fn find(face: &Dataproc, name: &str) -> Result<Read<OperationDocument>, Status> {
    let (place, kind, id) = Place::parse("name", name)?;
    if kind != "operations" {
        return Err(Status::field("name", format!("`{name}` is no operation")));
    }
    let found = documents::find::<OperationDocument>(&face.engine, &place.key(id)).await?;
    found.ok_or_else(|| Status::not_found("Operation", name))
}
