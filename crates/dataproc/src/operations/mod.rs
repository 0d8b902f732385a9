//! `google.longrunning.Operations`, and the operations that other methods begin.
//!
//! An operation is a document that is written together with what it is about; whether it is done follows from that, and
//! what is done stays done. A repeated request finds the operation of the first one, since its id is made of the request's.

mod cancel;
mod get;
mod list;
mod render;

pub(crate) use get::exists;

use std::collections::BTreeMap;

use caddis_engine::calls::Caller;
use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::longrunning::Operation;
use caddis_types::Timestamp;

use crate::documents::{self, About, OperationDocument};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Methods, Status};

pub(crate) use render::is_over;

const SERVICE: &str = "google.longrunning.Operations";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add(SERVICE, "GetOperation", |face, asked| async move { get::get(&face, asked).await })
        .add(SERVICE, "ListOperations", |face, asked| async move { list::list(&face, asked).await })
        .add(SERVICE, "CancelOperation", |face, asked| async move { cancel::cancel(&face, asked).await })
        .add(SERVICE, "DeleteOperation", |face, asked| async move { cancel::delete(&face, asked).await });
}

/// An operation that is about to begin.
pub(crate) struct Fresh {
    /// Of its document.
    pub(crate) key: String,
    repeatable: bool,
}

impl Fresh {
    /// With an id that the same request would get again, or a random one where the request has no id.
    pub(crate) fn new(face: &Dataproc, place: &Place, method: &str, request_id: &str) -> Result<Fresh, Status> {
        check_request_id(request_id)?;
        let repeatable = !request_id.is_empty();
        let id = match repeatable {
            true => id_of(place, method, request_id),
            false => face.uuid(),
        };
        Ok(Fresh { key: place.key(&id), repeatable })
    }

    /// Its document, to be written with what it is about.
    pub(crate) fn write(
        &self,
        caller: &Caller,
        about: About,
        at: Timestamp,
        labels: BTreeMap<String, String>,
        warnings: Vec<String>,
    ) -> DocumentWrite {
        self.write_settled(caller, about, at, labels, warnings, None)
    }

    /// The same, of an update that is perhaps done already.
    pub(crate) fn write_settled(
        &self,
        caller: &Caller,
        about: About,
        at: Timestamp,
        labels: BTreeMap<String, String>,
        warnings: Vec<String>,
        settled_at: Option<Timestamp>,
    ) -> DocumentWrite {
        let owner = caller.owner.clone();
        let document = OperationDocument { about, at, owner, labels, warnings, cancelled_at: None, settled_at };
        documents::write(&self.key, 0, &document)
    }
}

/// The id that a request with an id gets.
fn id_of(place: &Place, method: &str, request_id: &str) -> String {
    Dataproc::uuid_of(&format!("{method} {} {request_id}", place.name()))
}

/// The name of the operation that a request with an id gets.
pub(crate) fn name_of(place: &Place, method: &str, request_id: &str) -> String {
    place.of("operations", &id_of(place, method, request_id))
}

/// A request's id: at most 40 letters, digits, `-` and `_`.
pub(crate) fn check_request_id(id: &str) -> Result<(), Status> {
    let good = id.len() <= 40 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if good { Ok(()) } else { Err(Status::field("request_id", format!("`{id}` must match '[A-Za-z0-9_-]{{1,40}}'"))) }
}

/// The operation that the first of several equal requests began.
pub(crate) async fn repeated(face: &Dataproc, fresh: &Fresh) -> Result<Option<Operation>, Status> {
    if !fresh.repeatable {
        return Ok(None);
    }
    match documents::find::<OperationDocument>(&face.engine, &fresh.key).await? {
        Some(first) => render::operation(face, &first).await.map(Some),
        None => Ok(None),
    }
}

/// The operation with this document.
pub(crate) async fn get_by_key(face: &Dataproc, key: &str) -> Result<Operation, Status> {
    let found = documents::find::<OperationDocument>(&face.engine, key).await?;
    render::operation(face, &found.ok_or_else(|| Status::not_found("Operation", key))?).await
}
