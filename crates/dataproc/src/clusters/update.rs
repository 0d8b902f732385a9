//! `UpdateCluster`: labels, numbers of workers, the autoscaling policy, times to live.

use bytes::Bytes;
use caddis_engine::calls::{Limits, Reshape};
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, ClusterConfig, LifecycleConfig, UpdateClusterRequest};
use caddis_googleapis::longrunning::Operation;
use caddis_types::Timestamp;
use caddis_types::shape::WorkerRange;
use prost::Message;

use super::find::Living;
use super::validate::Asks;
use super::{create, find, lifecycle, quota, render, status, validate};
use crate::documents::{self, About, ClusterWork, Encoded, Turn, TurningDocument, Wish};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::policies::{self, Scaling};
use crate::raw;
use crate::wire::{Asked, Code, Status};

const WORKERS: [&str; 2] = ["config.worker_config.num_instances", "config.secondary_worker_config.num_instances"];
const POLICY: [&str; 2] = ["config.autoscaling_config.policy_uri", "config.autoscaling_config"];
/// What else may be changed of a cluster that is there.
const OTHERS: [&str; 5] = [
    "labels",
    "config.lifecycle_config.idle_delete_ttl",
    "config.lifecycle_config.idle_stop_ttl",
    "config.lifecycle_config.auto_stop_ttl",
    "config.lifecycle_config.auto_stop_time",
];
/// When the cluster ends, whatever uses it.
const ENDS: [&str; 3] = [
    "config.lifecycle_config",
    "config.lifecycle_config.auto_delete_ttl",
    "config.lifecycle_config.auto_delete_time",
];

pub(super) async fn update(face: &Dataproc, asked: Asked<UpdateClusterRequest>) -> Result<Operation, Status> {
    documents::again(|| attempt(face, &asked)).await
}

async fn attempt(face: &Dataproc, asked: &Asked<UpdateClusterRequest>) -> Result<Operation, Status> {
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
    if state != State::Running {
        let text = format!("Cluster `{}` cannot be updated in state {}", request.cluster_name, state.as_str_name());
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let (kept, updated) = changed(asked, &living, &paths)?;
    let scaling = scaling(face, &place, &living, &updated, &paths).await?;
    let numbers = Numbers::of(&living, &updated, scaling.as_ref(), &paths)?;
    numbers.fit(face, &living, &updated)?;
    let at = face.now();
    let mut document = living.document.body.clone();
    // What changes no number of workers is done at once.
    let settled_at = numbers.exactly.is_none().then_some(at);
    let turn = Turn { workers: numbers.exactly, settled_at, ..Turn::new(Wish::Update, at) };
    status::turn(&mut document, living.record.as_ref(), turn);
    document.newer = raw::newer(render::CLUSTER, &kept)?;
    document.asked = Encoded(kept.clone());
    document.scaling = scaling;
    let limits = limits(&updated, &paths, &mut document.ends_at, at)?;
    let about = About::Cluster {
        what: ClusterWork::Update,
        name: request.cluster_name.clone(),
        uuid: document.uuid.clone(),
        cluster: document.cluster.clone(),
        asked: Encoded(kept),
    };
    let mut writes = vec![
        documents::write(&living.document.key, living.document.generation, &document),
        fresh.write_settled(&asked.caller, about, at, updated.labels, Vec::new(), settled_at),
    ];
    if settled_at.is_none() {
        writes.push(documents::write(&fresh.key, 0, &TurningDocument::of(&living.document.key, &document)));
    }
    let (range, workers) = (numbers.range, numbers.first);
    let reshape = Reshape { cluster: document.cluster, range, workers, on_demand: numbers.on_demand, limits };
    match reshape {
        Reshape { range: None, limits: None, .. } => face.engine.write_documents(writes).await?,
        reshape => face.engine.reshape_clusters_with(&asked.caller, vec![reshape], writes).await?,
    }
    operations::get_by_key(face, &fresh.key).await
}

/// What the update means for the cluster's workers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// The operation is done when so many serve.
    exactly: Option<u32>,
    /// What it may have from now on.
    range: Option<WorkerRange>,
    /// How many of it at first.
    first: Option<u32>,
    /// How many of them are never preemptible.
    on_demand: Option<u32>,
}

impl Numbers {
    fn of(living: &Living, updated: &Cluster, scaling: Option<&Scaling>, paths: &[String]) -> Result<Numbers, Status> {
        let config = updated.config.clone().unwrap_or_default();
        let counted = paths.iter().any(|path| WORKERS.contains(&path.as_str()));
        let now = create::workers(&config);
        let before = create::workers(&living.cluster.config.clone().unwrap_or_default());
        let on_demand = create::on_demand(&config, scaling);
        let fixed = Some(WorkerRange { min: now, max: now });
        Ok(match (living.document.body.scaling.as_ref(), scaling) {
            (old, Some(scaling)) => {
                if counted {
                    validate::within(scaling, &config, Asks::Change)?;
                }
                let changed = counted || old != Some(scaling);
                Numbers {
                    exactly: None,
                    range: changed.then(|| scaling.range()),
                    first: counted.then_some(now),
                    on_demand: changed.then_some(on_demand),
                }
            }
            // Without its policy it stays as large as it is, or becomes as large as was said.
            (Some(_), None) => Numbers { exactly: None, range: fixed, first: Some(now), on_demand: Some(on_demand) },
            (None, None) if now != before => {
                Numbers { exactly: Some(now), range: fixed, first: Some(now), on_demand: Some(on_demand) }
            }
            (None, None) => Numbers::default(),
        })
    }

    /// Refuses more workers than there is memory for: Google speaks of quotas then.
    fn fit(&self, face: &Dataproc, living: &Living, updated: &Cluster) -> Result<(), Status> {
        let (Some(workers), Some(record)) = (self.first, &living.record) else { return Ok(()) };
        let most = face.engine.ports.backend.pool().memory_bytes / record.shape.memory_bytes.max(1);
        if u64::from(workers) <= most && workers <= quota::MOST {
            return Ok(());
        }
        Err(quota::insufficient(&updated.config.clone().unwrap_or_default(), workers, most))
    }
}

/// When it ends by itself from now on, where the update says.
fn limits(
    updated: &Cluster,
    paths: &[String],
    ends_at: &mut Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Limits>, Status> {
    if !paths.iter().any(|path| path.starts_with(ENDS[0])) {
        return Ok(None);
    }
    let config = updated.config.clone().unwrap_or_default();
    if paths.iter().any(|path| ENDS.contains(&path.as_str())) {
        lifecycle::check(&config, now)?;
        *ends_at = lifecycle::ends_at(&config, now);
    } else {
        // An end that was said long ago may be near by now.
        let idle = config.lifecycle_config.map(|lifecycle| LifecycleConfig { ttl: None, ..lifecycle });
        let config = ClusterConfig { lifecycle_config: idle, ..ClusterConfig::default() };
        lifecycle::check(&config, now)?;
    }
    let config = updated.config.clone().unwrap_or_default();
    Ok(Some(lifecycle::limits(&config, *ends_at)))
}

/// What the policy says that the cluster names from now on.
async fn scaling(
    face: &Dataproc,
    place: &Place,
    living: &Living,
    updated: &Cluster,
    paths: &[String],
) -> Result<Option<Scaling>, Status> {
    if !paths.iter().any(|path| POLICY.contains(&path.as_str())) {
        return Ok(living.document.body.scaling.clone());
    }
    match updated.config.as_ref().and_then(create::policy_uri) {
        Some(uri) => policies::named(face, place, uri).await.map(Some),
        None => Ok(None),
    }
}

/// The paths of the mask, in the protos' spelling.
fn paths(request: &UpdateClusterRequest) -> Result<Vec<String>, Status> {
    let paths: Vec<String> =
        request.update_mask.iter().flat_map(|mask| &mask.paths).map(|path| raw::snake(path)).collect();
    if paths.is_empty() {
        return Err(Status::field("update_mask", "must name at least one field"));
    }
    let changeable: Vec<&str> = WORKERS.into_iter().chain(POLICY).chain(OTHERS).chain(ENDS).collect();
    let wrong = paths.iter().find(|path| !changeable.contains(&path.as_str()));
    match wrong {
        None => Ok(paths),
        Some(path) => {
            let what = format!("`{path}` cannot be changed; there are {}", changeable.join(", "));
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

/// What is kept after the change, encoded and read. Numbers of workers that a policy chose meanwhile are taken over.
fn changed(asked: &Asked<UpdateClusterRequest>, living: &Living, paths: &[String]) -> Result<(Bytes, Cluster), Status> {
    let wanted = raw::field("google.cloud.dataproc.v1.UpdateClusterRequest", &asked.raw, "cluster")?;
    let from = raw::read(render::CLUSTER, wanted)?;
    let now = raw::read(render::CLUSTER, living.cluster.encode_to_vec().into())?;
    let mut to = raw::read(render::CLUSTER, living.document.body.asked.0.clone())?;
    let wrong = |what| Status::field("update_mask", what);
    if living.document.body.scaling.is_some() {
        for path in WORKERS {
            raw::copy(path, &now, &mut to).map_err(wrong)?;
        }
    }
    for path in paths {
        raw::copy(path, &from, &mut to).map_err(wrong)?;
    }
    let encoded = Bytes::from(to.encode_to_vec());
    let cluster = Cluster::decode(encoded.clone()).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    validate::new(&cluster)?;
    if paths.iter().any(|path| path == WORKERS[0]) {
        validate::some_workers(&cluster.config.clone().unwrap_or_default())?;
    }
    Ok((encoded, cluster))
}
