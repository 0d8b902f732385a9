//! `ListOperations`.

use std::collections::BTreeMap;

use caddis_googleapis::longrunning::{ListOperationsRequest, ListOperationsResponse, Operation};

use super::render;
use crate::documents::{self, About, OperationDocument, Read};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListOperationsRequest>,
) -> Result<ListOperationsResponse, Status> {
    let request = asked.message;
    let parent = request.name.strip_suffix("/operations").unwrap_or(&request.name);
    let place = Place::parent("name", parent)?;
    let filter = Filter::parse(&request.filter)?;
    let mut page = page::Page::new(page::size(request.page_size)?);
    let after = page::after(&request.page_token)?;
    for document in documents::list::<OperationDocument>(&face.engine, &place.key(""), &after, 0).await? {
        let operation = render::operation(face, &document).await?;
        if filter.matches(&subject(&document, &operation)) && !page.take(&document.key, operation) {
            break;
        }
    }
    let (operations, next_page_token) = page.done();
    Ok(ListOperationsResponse { operations, next_page_token, ..ListOperationsResponse::default() })
}

static NONE: BTreeMap<String, String> = BTreeMap::new();

fn subject<'a>(document: &'a Read<OperationDocument>, operation: &Operation) -> Subject<'a> {
    let name = match &document.body.about {
        About::Cluster { name, .. } => vec![name.as_str()],
        About::Job { .. } => Vec::new(),
    };
    let state = if operation.done { vec!["DONE", "INACTIVE"] } else { vec!["RUNNING", "ACTIVE"] };
    let labels = if document.body.labels.is_empty() { &NONE } else { &document.body.labels };
    Subject { fields: vec![("clusterName", name), ("status.state", state)], labels }
}
