//! `GetCluster`.

use caddis_googleapis::dataproc::{Cluster, GetClusterRequest};

use super::find::living;
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetClusterRequest>) -> Result<Cluster, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    Ok(living(face, &place, &request.cluster_name).await?.cluster)
}
