//! `GetCluster`.

use bytes::Bytes;
use caddis_googleapis::dataproc::GetClusterRequest;

use super::find::living;
use super::render;
use crate::face::Dataproc;
use crate::place::Place;
use crate::waits;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetClusterRequest>) -> Result<Bytes, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let mut living = living(face, &place, &request.cluster_name).await?;
    waits::say_of_cluster(face, &mut living.cluster, living.record.as_ref()).await;
    render::encoded(&living.document.body, &living.cluster)
}
