//! `ListClusters`, with the filter grammar.

use std::collections::BTreeMap;

use caddis_engine::calls::CallError;
use caddis_engine::ports::ClusterFilter;
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, ListClustersRequest, ListClustersResponse};

use super::render;
use crate::documents::{self, ClusterDocument};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListClustersRequest>,
) -> Result<ListClustersResponse, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let filter = Filter::parse(&request.filter)?;
    let size = page::size(request.page_size)?;
    let after = page::after(&request.page_token)?;
    let kept = documents::list::<ClusterDocument>(&face.engine, &place.key(""), &after, 0).await?;
    // One query for all that lives; what has ended is looked up by itself, and is rare.
    let active = ClusterFilter { active: true, ..ClusterFilter::default() };
    let living = face.engine.ports.store.clusters(&active).await.map_err(CallError::from)?;
    let living: BTreeMap<_, _> = living.into_iter().map(|record| (record.id.clone(), record)).collect();
    let mut page = page::Page::new(size);
    for document in kept {
        let ended;
        let record = match living.get(&document.body.cluster) {
            Some(record) => Some(record),
            None => {
                ended = super::find::record(face, &document.body.cluster).await?;
                ended.as_ref()
            }
        };
        let Some(cluster) = render::cluster(face, &document.body, record)? else { continue };
        if filter.matches(&subject(&cluster)) && !page.take(&document.key, cluster) {
            break;
        }
    }
    let (clusters, next_page_token) = page.done();
    Ok(ListClustersResponse { clusters, next_page_token })
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
            ("status.state", vec![state.as_str_name(), group]),
            ("clusterName", vec![cluster.cluster_name.as_str()]),
            ("clusterUuid", vec![cluster.cluster_uuid.as_str()]),
        ],
        labels: &cluster.labels,
    }
}
