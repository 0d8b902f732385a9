//! `UpdateCluster`: labels, numbers of workers, the autoscaling policy, times to live.

use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, UpdateClusterRequest};
use caddis_googleapis::longrunning::Operation;
use prost::Message;

use super::{create, find, render, validate};
use crate::documents::{self, About, ClusterWork, Encoded, Turn, Wish};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::raw;
use crate::wire::{Asked, Code, Status};

/// What may be changed of a cluster that is there.
const CHANGEABLE: [&str; 8] = [
    "labels",
    "config.worker_config.num_instances",
    "config.secondary_worker_config.num_instances",
    "config.autoscaling_config.policy_uri",
    "config.lifecycle_config.idle_delete_ttl",
    "config.lifecycle_config.auto_delete_ttl",
    "config.lifecycle_config.auto_delete_time",
    "config.lifecycle_config",
];

pub(super) async fn update(face: &Dataproc, asked: Asked<UpdateClusterRequest>) -> Result<Operation, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let fresh = Fresh::new(face, &place, "UpdateCluster", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    let paths = paths(request)?;
    check_timeout(request)?;
    let living = find::living(face, &place, &request.cluster_name).await?;
    let state = render::state(&living.cluster);
    if !matches!(state, State::Running | State::Updating) {
        let text = format!("Cluster `{}` cannot be updated in state {}", request.cluster_name, state.as_str_name());
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let (kept, updated) = changed(&asked, &living.document.body.asked.0, &paths)?;
    let config = updated.config.clone().unwrap_or_default();
    let before = create::workers(&super::render::decode(&living.document.body)?.config.unwrap_or_default());
    let workers = Some(create::workers(&config)).filter(|now| *now != before);
    let at = face.now();
    let mut document = living.document.body.clone();
    document.asked = Encoded(kept.clone());
    document.turns.push(Turn { wish: Wish::Update, at, workers });
    let about = About::Cluster {
        what: ClusterWork::Update,
        name: request.cluster_name.clone(),
        uuid: document.uuid.clone(),
        cluster: document.cluster.clone(),
        asked: Encoded(kept),
        workers,
    };
    let writes = vec![
        documents::write(&living.document.key, living.document.generation, &document),
        fresh.write(&asked.caller, about, at, updated.labels, Vec::new()),
    ];
    match workers {
        Some(workers) => {
            face.engine.scale_cluster_with(&asked.caller, document.cluster.as_str(), workers, writes).await?;
        }
        None => face.engine.write_documents(writes).await?,
    }
    operations::get_by_key(face, &fresh.key).await
}

/// The paths of the mask, in the protos' spelling.
fn paths(request: &UpdateClusterRequest) -> Result<Vec<String>, Status> {
    let paths: Vec<String> =
        request.update_mask.iter().flat_map(|mask| &mask.paths).map(|path| raw::snake(path)).collect();
    if paths.is_empty() {
        return Err(Status::field("update_mask", "must name at least one field"));
    }
    let wrong = paths.iter().find(|path| !CHANGEABLE.contains(&path.as_str()));
    match wrong {
        None => Ok(paths),
        Some(path) => {
            let what = format!("`{path}` cannot be changed; there are {}", CHANGEABLE.join(", "));
            Err(Status::field("update_mask", what))
        }
    }
}

fn check_timeout(request: &UpdateClusterRequest) -> Result<(), Status> {
    let seconds = request.graceful_decommission_timeout.as_ref().map_or(0, |timeout| timeout.seconds);
    if (0..=86_400).contains(&seconds) {
        return Ok(());
    }
    Err(Status::field("graceful_decommission_timeout", format!("`{seconds}s` is not between 0 and 1 day")))
}

/// What is kept after the change, encoded and read.
fn changed(
    asked: &Asked<UpdateClusterRequest>,
    kept: &bytes::Bytes,
    paths: &[String],
) -> Result<(bytes::Bytes, Cluster), Status> {
    let wanted = raw::field("google.cloud.dataproc.v1.UpdateClusterRequest", &asked.raw, "cluster")?;
    let from = raw::read("google.cloud.dataproc.v1.Cluster", wanted)?;
    let mut to = raw::read("google.cloud.dataproc.v1.Cluster", kept.clone())?;
    for path in paths {
        raw::copy(path, &from, &mut to).map_err(|what| Status::field("update_mask", what))?;
    }
    let encoded = bytes::Bytes::from(to.encode_to_vec());
    let cluster = Cluster::decode(encoded.clone()).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    validate::new(&cluster)?;
    Ok((encoded, cluster))
}
