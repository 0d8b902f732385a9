//! `DeleteCluster`.

use caddis_googleapis::dataproc::DeleteClusterRequest;
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::longrunning::Operation;

use super::{find, render, status};
use crate::documents::{self, About, ClusterWork, Turn, Wish};
use crate::face::Dataproc;
use crate::iam;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(crate) async fn delete(face: &Dataproc, asked: Asked<DeleteClusterRequest>) -> Result<Operation, Status> {
    documents::again(|| attempt(face, &asked)).await
}

async fn attempt(face: &Dataproc, asked: &Asked<DeleteClusterRequest>) -> Result<Operation, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let fresh = Fresh::new(face, &place, "DeleteCluster", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    let living = find::living(face, &place, &request.cluster_name).await?;
    same(&request.cluster_uuid, &living.document.body.uuid, &place, &request.cluster_name)?;
    let at = face.now();
    let mut document = living.document.body.clone();
    let again = render::state(&living.cluster) == State::Deleting;
    let about = About::Cluster {
        what: ClusterWork::Delete,
        name: request.cluster_name.clone(),
        uuid: document.uuid.clone(),
        cluster: document.cluster.clone(),
        asked: document.asked.clone(),
    };
    let mut writes = vec![fresh.write(&asked.caller, about, at, living.cluster.labels.clone(), Vec::new())];
    writes.extend(asked.also.iter().cloned());
    if !again {
        status::turn(&mut document, living.record.as_ref(), Turn::new(Wish::Delete, at));
        writes.push(documents::write(&living.document.key, living.document.generation, &document));
        writes.extend(iam::forget(face, "clusters", &place.key(&document.uuid)).await?);
    }
    match living.record {
        Some(record) => face.engine.stop_cluster_with(&asked.caller, record.id.as_str(), writes).await.map(|_| ())?,
        None => face.engine.write_documents(writes).await?,
    }
    operations::get_by_key(face, &fresh.key).await
}

/// A uuid that was given must be the cluster's: a cluster of the same name that came later is not meant.
pub(super) fn same(given: &str, uuid: &str, place: &Place, name: &str) -> Result<(), Status> {
    if given.is_empty() || given == uuid {
        return Ok(());
    }
    Err(Status::not_found("Cluster", &format!("{} with UUID {given}", place.of("clusters", name))))
}
