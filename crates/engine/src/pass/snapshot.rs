//! Reading what a decision goes by.

use caddis_core::record::ClusterRecord;
use caddis_core::world::ClusterWorld;

use crate::ports::Ports;

/// What runs of a cluster, how far its environment is, and what its scheduler said last.
pub(super) async fn world(record: &ClusterRecord, ports: &Ports) -> ClusterWorld {
    ClusterWorld {
        members: ports.backend.members(&record.id).await,
        environment: ports.backend.environment(record).await,
        dask: ports.dask.snapshot(&record.id).await,
    }
}
