//! `CreateCluster`.

use caddis_engine::calls::{CallError, CallErrorKind};
use caddis_googleapis::dataproc::instance_group_config::Preemptibility;
use caddis_googleapis::dataproc::{Cluster, ClusterConfig, CreateClusterRequest, InstanceGroupConfig};
use caddis_googleapis::longrunning::Operation;
use caddis_types::Timestamp;
use caddis_types::api::ClusterWish;
use caddis_types::bytes::GIB;
use caddis_types::shape::{ShapeWish, WorkerRange};
use prost::Message;

use super::validate::Asks;
use super::{defaults, init_actions, lifecycle, packages, quota, render, validate};
use crate::documents::{self, About, ClusterDocument, ClusterWork, Encoded, InitOutputDocument, Read};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::policies::{self, Scaling};
use crate::raw;
use crate::wire::{Asked, Code, Status};

/// How often a creation begins anew when the document of an earlier cluster of its name goes meanwhile.
const TRIES: usize = 5;

pub(crate) async fn create(face: &Dataproc, asked: Asked<CreateClusterRequest>) -> Result<Operation, Status> {
    for _ in 0..TRIES {
        if let Some(operation) = attempt(face, &asked).await? {
            return Ok(operation);
        }
    }
    Err(Status::new(Code::Aborted, "the cluster's name changes hands too quickly; try again"))
}

/// Nothing when the name was free and what was free about it changed.
async fn attempt(face: &Dataproc, asked: &Asked<CreateClusterRequest>) -> Result<Option<Operation>, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    validate::region(&place)?;
    let wanted = request.cluster.clone().ok_or_else(|| Status::field("cluster", "must be specified"))?;
    if !wanted.project_id.is_empty() && wanted.project_id != place.project {
        let what = format!("`{}` is not the project of the request, `{}`", wanted.project_id, place.project);
        return Err(Status::field("cluster.project_id", what));
    }
    validate::new(&wanted)?;
    validate::inside(&place, &wanted.config.clone().unwrap_or_default())?;
    let fresh = Fresh::new(face, &place, "CreateCluster", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(Some(first));
    }
    let before = free(face, &place, &wanted.cluster_name).await?;
    super::buckets::ready(face, &place, &asked.caller, wanted.config.as_ref().unwrap_or(&ClusterConfig::default())).await?;
    let kept = raw::field("google.cloud.dataproc.v1.CreateClusterRequest", &asked.raw, "cluster")?;
    let kept = raw::merge(&defaults::defaults(&place, &wanted).encode_to_vec(), &kept);
    let full = Cluster::decode(kept.clone()).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    let config = full.config.clone().unwrap_or_default();
    let scaling = scaling(face, &place, &wanted, &config).await?;
    let (uuid, at) = (face.uuid(), face.now());
    let warnings = super::warnings::of(&config, face.init_actions, at);
    lifecycle::check(&config, at)?;
    let ends_at = lifecycle::ends_at(&config, at);
    let init = init_actions::prepare(face, &asked.caller, &uuid, &config).await?;
    let wish = ClusterWish { setup: init.setup.clone(), ..wish(face, &full, &config, scaling.as_ref(), ends_at)? };
    let fewest = wish.shape.workers.map_or(0, |range| range.min);
    let most = face.engine.ports.backend.pool().memory_bytes / wish.shape.memory_bytes.unwrap_or(GIB).max(1);
    if fewest > quota::MOST {
        return Err(quota::insufficient(&config, fewest, most));
    }
    let (told, actions) = (config.config_bucket.clone(), init.indices.clone());
    let newer = raw::newer(render::CLUSTER, &kept)?;
    let key = place.key(&wanted.cluster_name);
    let name = wanted.cluster_name.clone();
    let made = |cluster: &caddis_types::ClusterId| {
        let output = InitOutputDocument { cluster: cluster.clone(), bucket: told, uuid: uuid.clone(), name: name.clone(), actions };
        let output = (!output.actions.is_empty()).then(|| documents::write(&uuid, 0, &output));
        let about = About::Cluster {
            what: ClusterWork::Create,
            name,
            uuid: uuid.clone(),
            cluster: cluster.clone(),
            asked: Encoded(kept.clone()),
        };
        let document = ClusterDocument {
            uuid,
            cluster: cluster.clone(),
            asked: Encoded(kept),
            newer,
            created_at: at,
            turns: Vec::new(),
            warnings: warnings.clone(),
            scaling,
            ends_at,
        };
        let generation = before.as_ref().map_or(0, |read| read.generation);
        let mut writes = vec![
            documents::write(&key, generation, &document),
            fresh.write(&asked.caller, about, at, full.labels.clone(), warnings),
        ];
        writes.extend(output);
        writes.extend(asked.also.iter().cloned());
        writes
    };
    match face.engine.create_cluster_with(&asked.caller, wish, made).await {
        Ok(_) => {
            init.keep();
            face.created.notify_one();
            operations::get_by_key(face, &fresh.key).await.map(Some)
        }
        Err(error) if error.code == "minimum_above_pool" => Err(quota::insufficient(&config, fewest, most)),
        Err(error) => lost(face, &fresh, error, &place, &wanted.cluster_name).await,
    }
}

/// The document under this name when the cluster it speaks of is gone; ALREADY_EXISTS when it is there.
async fn free(face: &Dataproc, place: &Place, name: &str) -> Result<Option<Read<ClusterDocument>>, Status> {
    let Some(found) = documents::find::<ClusterDocument>(&face.engine, &place.key(name)).await? else { return Ok(None) };
    let record = super::find::record(face, &found.body.cluster).await?;
    match render::cluster(face, &found.body, record.as_ref())? {
        None => Ok(Some(found)),
        Some(_) => Err(exists(place, name)),
    }
}

fn exists(place: &Place, name: &str) -> Status {
    let name = place.of("clusters", name);
    Status::new(Code::AlreadyExists, format!("Already exists: Failed to create cluster: Cluster {name}"))
}

/// Somebody was faster: the same request, another one for the same name, or a cluster of ours that has the name; or
/// what was left of an earlier cluster is gone (nothing is answered then).
async fn lost(
    face: &Dataproc,
    fresh: &Fresh,
    error: CallError,
    place: &Place,
    name: &str,
) -> Result<Option<Operation>, Status> {
    if let Some(first) = operations::repeated(face, fresh).await? {
        return Ok(Some(first));
    }
    match (error.kind, error.code.as_str()) {
        (CallErrorKind::Conflict, "conflict") => free(face, place, name).await.map(|_| None),
        (CallErrorKind::Conflict, "name_taken") => Err(exists(place, name)),
        _ => Err(error.into()),
    }
}

/// What the policy that it names says of its workers. Numbers that were asked for must lie within it.
async fn scaling(
    face: &Dataproc,
    place: &Place,
    wanted: &Cluster,
    config: &ClusterConfig,
) -> Result<Option<Scaling>, Status> {
    let Some(uri) = policy_uri(config) else { return Ok(None) };
    if defaults::single_node(config) {
        let what = "a single node has no workers that could be scaled";
        return Err(Status::field("cluster.config.autoscaling_config.policy_uri", what));
    }
    let scaling = policies::named(face, place, uri).await?;
    validate::within(&scaling, &wanted.config.clone().unwrap_or_default(), Asks::New)?;
    Ok(Some(scaling))
}

/// The name of the policy, where there is one.
pub(super) fn policy_uri(config: &ClusterConfig) -> Option<&str> {
    let scaling = config.autoscaling_config.as_ref()?;
    Some(scaling.policy_uri.as_str()).filter(|uri| !uri.is_empty())
}

/// What our domain calls understand of it.
pub(super) fn wish(
    face: &Dataproc,
    cluster: &Cluster,
    config: &ClusterConfig,
    scaling: Option<&Scaling>,
    ends_at: Option<Timestamp>,
) -> Result<ClusterWish, Status> {
    let limits = lifecycle::limits(config, ends_at);
    let now = face.now();
    let first = workers(config);
    let range = scaling.map_or(WorkerRange { min: first, max: first }, Scaling::range);
    let pool = face.engine.ports.backend.pool().memory_bytes;
    let mut tags: std::collections::BTreeMap<String, String> =
        cluster.labels.iter().filter(|(key, _)| caddis_types::names::check(key).is_ok()).map(|(k, v)| (k.clone(), v.clone())).collect();
    tags.insert("dataproc-cluster".to_owned(), cluster.cluster_name.clone());
    Ok(ClusterWish {
        name: Some(cluster.cluster_name.clone()),
        tags,
        shape: ShapeWish {
            workers: Some(range),
            on_demand: Some(on_demand(config, scaling)),
            memory_bytes: Some(memory(pool, if scaling.is_some() { range.max } else { first.saturating_mul(2) })),
            machine_type: priced(face, config.worker_config.as_ref(), now),
            scheduler_machine_type: priced(face, config.master_config.as_ref(), now),
            ..ShapeWish::default()
        },
        workers_first: Some(first),
        environment: packages::environment(face, config)?,
        cwd: "/".to_owned(),
        variables: face.variables.iter().cloned().collect(),
        idle_timeout_ms: Some(limits.idle_timeout_ms),
        lifetime_ms: limits.ends_at.map(|ends| u64::try_from(ends.since(now).as_millis()).unwrap_or(u64::MAX)),
        ..ClusterWish::default()
    })
}

/// The machine type of a group, whose price counts; none where the price list does not have it.
fn priced(
    face: &Dataproc,
    group: Option<&caddis_googleapis::dataproc::InstanceGroupConfig>,
    now: Timestamp,
) -> Option<String> {
    let machine = group?.machine_type_uri.rsplit('/').next()?;
    face.engine.ports.settings.tariff.rates(machine, now).map(|_| machine.to_owned())
}

/// Memory of each worker: such that so many fit the pool; the mission's 14 GiB of an n2-standard-4 at most. Of a cluster
/// without a policy twice as many are to fit as were asked for: clients scale it up, and others want room as well.
fn memory(pool: u64, workers: u32) -> u64 {
    (pool / u64::from(workers.max(1))).clamp(GIB, 14 * GIB)
}

/// How many workers are never preemptible: the primary ones, and secondary ones that are said not to be. Under a policy as
/// many as are primary when there are most.
pub(super) fn on_demand(config: &ClusterConfig, scaling: Option<&Scaling>) -> u32 {
    let spared = |group: &InstanceGroupConfig| group.preemptibility == i32::from(Preemptibility::NonPreemptible);
    match (scaling, &config.secondary_worker_config) {
        (_, Some(group)) if spared(group) => scaling.map_or_else(|| workers(config), |scaling| scaling.range().max),
        (Some(scaling), _) => scaling.split(scaling.range().max).0,
        (None, Some(group)) => workers(config).saturating_sub(group.num_instances.unsigned_abs()),
        (None, None) => workers(config),
    }
}

/// How many workers its groups ask for; a single node works itself.
pub(crate) fn workers(config: &ClusterConfig) -> u32 {
    let count = |group: &Option<caddis_googleapis::dataproc::InstanceGroupConfig>| {
        group.as_ref().map_or(0, |group| group.num_instances.unsigned_abs())
    };
    let sum = count(&config.worker_config) + count(&config.secondary_worker_config);
    if sum == 0 && defaults::single_node(config) { 1 } else { sum }
}

#[cfg(test)]
mod tests;
