//! Says for every living cluster that somebody still wants it.

use crate::ports::{ClusterFilter, Ports, StoreError};

/// Renews the leases of all clusters that are not on their way out.
pub async fn renew(ports: &Ports) -> Result<(), StoreError> {
    let living = ports.store.clusters(&ClusterFilter { active: true, ..ClusterFilter::default() }).await?;
    let ids: Vec<_> = living.into_iter().filter(|c| !c.state.is_ending()).map(|cluster| cluster.id).collect();
    ports.backend.renew_leases(&ids).await;
    Ok(())
}
