//! `DiagnoseCluster`: the reasons of the cluster and the events about it, as an object in its staging bucket.

use caddis_googleapis::dataproc::DiagnoseClusterRequest;
use caddis_googleapis::longrunning::Operation;

use super::find;
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Code, Status};

pub(super) async fn diagnose(face: &Dataproc, asked: Asked<DiagnoseClusterRequest>) -> Result<Operation, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    find::living(face, &place, &request.cluster_name).await?;
    let text = "diagnoses need the object store, which this version does not serve; `caddis why` says what it knows";
    Err(Status::new(Code::Unimplemented, text))
}
