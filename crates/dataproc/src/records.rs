//! The records that documents speak of, read together: one question of the store for a page of a list.

use std::collections::BTreeMap;

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::{Ports, StoreError};
use caddis_types::{ClusterId, JobId};

/// Clusters by their ids; those that retention took are missing.
pub(crate) async fn clusters<'d>(
    ports: &Ports,
    ids: impl Iterator<Item = &'d ClusterId>,
) -> Result<BTreeMap<ClusterId, ClusterRecord>, StoreError> {
    let ids: Vec<_> = ids.cloned().collect();
    let found = ports.store.clusters_of(&ids).await?;
    Ok(found.into_iter().map(|record| (record.id.clone(), record)).collect())
}

/// Jobs, likewise.
pub(crate) async fn jobs<'d>(
    ports: &Ports,
    ids: impl Iterator<Item = &'d JobId>,
) -> Result<BTreeMap<JobId, JobRecord>, StoreError> {
    let ids: Vec<_> = ids.cloned().collect();
    let found = ports.store.jobs_of(&ids).await?;
    Ok(found.into_iter().map(|record| (record.id.clone(), record)).collect())
}
