//! Ends what nobody knows: processes and folders of clusters that ended, or that the database never had.

use crate::ports::{Ports, StoreError};

/// Looks at every trace the backend has; what belongs to no living cluster is ended and removed. Answers how many.
pub async fn sweep(ports: &Ports) -> Result<u32, StoreError> {
    let traces = match ports.backend.traces().await {
        Ok(traces) => traces,
        Err(error) => {
            tracing::info!(error.code, error.message, "traces cannot be looked at just now");
            return Ok(0);
        }
    };
    let mut swept = 0;
    for id in traces {
        let living = ports.store.cluster(&id).await?.is_some_and(|cluster| !cluster.state.is_ended());
        if !living {
            let reason = "its cluster has ended";
            let result = match ports.backend.purge(&id, reason).await {
                Ok(()) => ports.backend.clean(&id).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => swept += 1,
                Err(error) => {
                    tracing::info!(cluster.id = %id, error.code, error.message, "a leftover could not be removed yet");
                }
            }
        }
    }
    Ok(swept)
}
