//! `ListClusters`, with the filter grammar, in the order of names.

use bytes::Bytes;
use caddis_engine::calls::CallError;
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, ListClustersRequest, ListClustersResponse};
use prost::Message;

use super::render;
use crate::documents::{self, ClusterDocument};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::raw;
use crate::records;
use crate::wire::{Asked, Status};

/// The number of `ListClustersResponse.clusters`.
const CLUSTERS: u32 = 1;
const FIELDS: [&str; 3] = ["status.state", "clusterName", "clusterUuid"];

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListClustersRequest>,
) -> Result<Bytes, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let filter = Filter::parse(&request.filter)?;
    filter.check(&FIELDS)?;
    let mut page = page::Page::new(page::size(request.page_size)?);
    let mut after = page::after(&request.page_token)?;
    'page: loop {
        let asked = page.batch(!filter.is_empty());
        let batch = documents::list::<ClusterDocument>(&face.engine, &place.key(""), &after, asked).await?;
        let (many, last) = (batch.len(), batch.last().map(|read| read.key.clone()));
        let ids = batch.iter().map(|read| &read.body.cluster);
        let records = records::clusters(&face.engine.ports, ids).await.map_err(CallError::from)?;
        for read in batch {
            let Some(cluster) = render::cluster(face, &read.body, records.get(&read.body.cluster))? else { continue };
            if filter.matches(&subject(&cluster)) && !page.take(&read.key, render::encoded(&read.body, &cluster)?) {
                break 'page;
            }
        }
        match last {
            Some(last) if many == asked as usize => after = last,
            _ => break,
        }
    }
    let (clusters, next_page_token) = page.done();
    let rest = ListClustersResponse { next_page_token, ..ListClustersResponse::default() };
    Ok(raw::merge(&raw::repeated(CLUSTERS, &clusters), &rest.encode_to_vec()))
}

/// What a filter may ask of a cluster.
fn subject(cluster: &Cluster) -> Subject<'_> {
    let state = render::state(cluster);
    let group = match state {
        State::Creating | State::Updating | State::Running | State::Starting | State::Repairing => "ACTIVE",
        _ => "INACTIVE",
    };
    Subject {
        fields: vec![
            (FIELDS[0], vec![state.as_str_name(), group]),
            (FIELDS[1], vec![cluster.cluster_name.as_str()]),
            (FIELDS[2], vec![cluster.cluster_uuid.as_str()]),
        ],
        labels: &cluster.labels,
    }
}
