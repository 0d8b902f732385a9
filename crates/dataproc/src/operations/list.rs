//! `ListOperations`, newest first.

use std::collections::BTreeMap;

use caddis_engine::calls::CallError;
use caddis_googleapis::longrunning::{ListOperationsRequest, ListOperationsResponse, Operation};
use caddis_types::ClusterId;

use super::render::{self, Tells};
use crate::documents::{self, About, OperationDocument, Read};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::records;
use crate::wire::{Asked, Code, Status};

const FIELDS: [&str; 3] = ["clusterName", "status.state", "operationType"];

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListOperationsRequest>,
) -> Result<ListOperationsResponse, Status> {
    let request = asked.message;
    let parent = request.name.strip_suffix("/operations").unwrap_or(&request.name);
    let place = Place::parent("name", parent)?;
    let filter = Filter::parse(&request.filter)?;
    filter.check(&FIELDS)?;
    let mut page = page::Page::new(page::size(request.page_size)?);
    let mut before = page::before(&request.page_token)?;
    'page: loop {
        let asked = page.batch(!filter.is_empty());
        let batch = documents::newest::<OperationDocument>(&face.engine, &place.key(""), before, asked).await?;
        let (many, last) = (batch.len(), batch.last().map(|read| read.number));
        let ids = batch.iter().filter_map(|read| cluster(&read.body.about));
        let records = records::clusters(&face.engine.ports, ids).await.map_err(CallError::from)?;
        for read in batch {
            let record = cluster(&read.body.about).and_then(|id| records.get(id));
            let operation = match render::with_record(face, &read, record, Tells::Nothing).await {
                // Its job was deleted, and it has nothing more to say.
                Err(status) if status.code == Code::NotFound => continue,
                operation => operation?,
            };
            if filter.matches(&subject(&read, &operation)) && !page.take(&read.number.to_string(), operation) {
                break 'page;
            }
        }
        match last {
            Some(_) if many == asked as usize => before = last,
            _ => break,
        }
    }
    let (operations, next_page_token) = page.done();
    Ok(ListOperationsResponse { operations, next_page_token, ..ListOperationsResponse::default() })
}

fn cluster(about: &About) -> Option<&ClusterId> {
    match about {
        About::Cluster { cluster, .. } => Some(cluster),
        About::Job { .. } | About::Workflow { .. } => None,
    }
}

static NONE: BTreeMap<String, String> = BTreeMap::new();

fn subject<'a>(document: &'a Read<OperationDocument>, operation: &Operation) -> Subject<'a> {
    let name = match &document.body.about {
        About::Cluster { name, .. } => vec![name.as_str()],
        About::Job { .. } | About::Workflow { .. } => Vec::new(),
    };
    let kind = render::kind(&document.body.about);
    let state = if operation.done { vec!["DONE", "INACTIVE"] } else { vec!["RUNNING", "ACTIVE"] };
    let labels = if document.body.labels.is_empty() { &NONE } else { &document.body.labels };
    Subject { fields: vec![(FIELDS[0], name), (FIELDS[1], state), (FIELDS[2], vec![kind])], labels }
}
