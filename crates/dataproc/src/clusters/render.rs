//! A cluster as it is answered: as it was asked for, with what only we know laid over it.

use bytes::Bytes;
use caddis_core::record::{ClusterRecord, ClusterState, MemberPhase};
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, ClusterConfig, ClusterStatus};
use caddis_types::Timestamp;
use prost::Message;

use super::status::{self, Since};
use crate::documents::ClusterDocument;
use crate::face::Dataproc;
use crate::raw;
use crate::wire::{Code, Status};

/// The link to Dask's dashboard among the ports of a cluster.
const DASHBOARD: &str = "Dask Dashboard";
/// Its message.
pub(super) const CLUSTER: &str = "google.cloud.dataproc.v1.Cluster";
/// What only we know.
const OURS: [&str; 7] = [
    "status",
    "status_history",
    "cluster_uuid",
    "config.worker_config.num_instances",
    "config.secondary_worker_config.num_instances",
    "config.lifecycle_config.idle_start_time",
    "config.endpoint_config.http_ports",
];

/// The cluster now; nothing when it is gone.
pub(crate) fn cluster(
    face: &Dataproc,
    document: &ClusterDocument,
    record: Option<&ClusterRecord>,
) -> Result<Option<Cluster>, Status> {
    let Some(mut states) = status::states(document, record, face.now()) else { return Ok(None) };
    let mut cluster = decode(document)?;
    let now = states.pop().expect("there is always a state");
    cluster.status = Some(status(&now));
    cluster.status_history = states.iter().map(status).collect();
    cluster.cluster_uuid.clone_from(&document.uuid);
    if let (Some(record), Some(config)) = (record, &mut cluster.config) {
        if let Some(scaling) = &document.scaling {
            scaling.show(record.workers_desired, config);
        }
        observed(face, record, config);
    }
    Ok(Some(cluster))
}

/// What is seen of it: since when it is idle, and where its dashboard is.
fn observed(face: &Dataproc, record: &ClusterRecord, config: &mut ClusterConfig) {
    let runs = matches!(record.state, ClusterState::Running { .. });
    if let Some(lifecycle) = &mut config.lifecycle_config {
        lifecycle.idle_start_time = record.idle_since.filter(|_| runs).map(timestamp);
    }
    if let Some(endpoint) = &mut config.endpoint_config {
        endpoint.http_ports.clear();
        let scheduler = record.scheduler.as_ref().filter(|_| runs && endpoint.enable_http_port_access);
        let serves = |phase: &MemberPhase| matches!(phase, MemberPhase::Running { ready_at: Some(_), .. });
        let dashboard = scheduler.is_some_and(|it| it.dashboard_port.is_some() && serves(&it.phase));
        if let Some(link) = dashboard.then(|| face.outputs.dashboard(&record.id)).flatten() {
            endpoint.http_ports.insert(DASHBOARD.to_owned(), link);
        }
    }
}

/// The same, encoded, with fields that are newer than our protos.
pub(super) fn encoded(document: &ClusterDocument, cluster: &Cluster) -> Result<Bytes, Status> {
    if !document.newer {
        return Ok(cluster.encode_to_vec().into());
    }
    raw::over(CLUSTER, cluster, &document.asked.0, &OURS)
}

/// As it was asked for.
pub(crate) fn decode(document: &ClusterDocument) -> Result<Cluster, Status> {
    Cluster::decode(document.asked.0.clone())
        .map_err(|error| Status::new(Code::Internal, format!("what is kept of the cluster cannot be read: {error}")))
}

/// Its present state.
pub(crate) fn state(cluster: &Cluster) -> State {
    cluster.status.as_ref().map_or(State::Unknown, ClusterStatus::state)
}

fn status(since: &Since) -> ClusterStatus {
    ClusterStatus {
        state: since.state.into(),
        detail: since.detail.clone(),
        state_start_time: Some(timestamp(since.at)),
        ..ClusterStatus::default()
    }
}

/// Microseconds since 1970 as Google's message.
pub(crate) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.0.div_euclid(1_000_000), nanos: (at.0.rem_euclid(1_000_000) * 1000) as i32 }
}
