//! A cluster as it is answered: as it was asked for, with what only we know laid over it.

use caddis_core::record::ClusterRecord;
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{Cluster, ClusterStatus};
use caddis_types::Timestamp;
use prost::Message;

use super::status::{self, Since};
use crate::documents::ClusterDocument;
use crate::wire::{Code, Status};

/// The cluster now; nothing when it is gone.
pub(crate) fn cluster(document: &ClusterDocument, record: Option<&ClusterRecord>) -> Result<Option<Cluster>, Status> {
    let Some(mut states) = status::states(document, record) else { return Ok(None) };
    let mut cluster = decode(document)?;
    let now = states.pop().expect("there is always a state");
    cluster.status = Some(status(&now));
    cluster.status_history = states.iter().map(status).collect();
    cluster.cluster_uuid.clone_from(&document.uuid);
    Ok(Some(cluster))
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
