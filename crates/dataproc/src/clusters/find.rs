//! A cluster by its name.

use caddis_core::record::ClusterRecord;
use caddis_googleapis::dataproc::Cluster;
use caddis_types::ClusterId;

use super::render;
use crate::documents::{self, ClusterDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::Status;

/// A cluster that is there: what is kept, our record, and how it is answered.
pub(crate) struct Living {
    pub(crate) document: Read<ClusterDocument>,
    pub(crate) record: Option<ClusterRecord>,
    pub(crate) cluster: Cluster,
}

/// The cluster of this name, or NOT_FOUND. One that is gone is not there, though its document may be.
pub(crate) async fn living(face: &Dataproc, place: &Place, name: &str) -> Result<Living, Status> {
    let missing = || Status::not_found("Cluster", &place.of("clusters", name));
    let document = documents::find::<ClusterDocument>(&face.engine, &place.key(name)).await?.ok_or_else(missing)?;
    let record = record(face, &document.body.cluster).await?;
    let cluster = render::cluster(face, &document.body, record.as_ref())?.ok_or_else(missing)?;
    Ok(Living { document, record, cluster })
}

/// The record of a cluster, unless retention took it.
pub(crate) async fn record(face: &Dataproc, id: &ClusterId) -> Result<Option<ClusterRecord>, Status> {
    let found = face.engine.ports.store.cluster(id).await;
    Ok(found.map_err(caddis_engine::calls::CallError::from)?)
}
