//! Finding a job or a cluster by id, by name, or as the newest one.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_types::{ClusterId, JobId};

use super::{CallError, CallErrorKind, Caller};
use crate::Engine;
use crate::ports::{ClusterFilter, JobFilter};

/// The word that stands for the newest one.
pub(super) const NEWEST: &str = "latest";

impl Engine {
    /// The caller's job of this id or name; `latest` means the newest.
    pub async fn find_job(&self, caller: &Caller, reference: &str) -> Result<JobRecord, CallError> {
        let store = &self.ports.store;
        let found = match reference.parse::<JobId>() {
            Ok(id) => store.job(&id).await?.filter(|job| job.owner == caller.owner),
            Err(_) => {
                let name = (reference != NEWEST).then(|| reference.to_owned());
                let filter = JobFilter { owner: Some(caller.owner.clone()), name, limit: 1, ..JobFilter::default() };
                store.jobs(&filter).await?.into_iter().next()
            }
        };
        found.ok_or_else(|| missing("job", reference, "`caddis job list` shows yours"))
    }

    /// The caller's cluster of this id or name; `latest` means the newest. A living one goes before an ended one.
    pub async fn find_cluster(&self, caller: &Caller, reference: &str) -> Result<ClusterRecord, CallError> {
        let store = &self.ports.store;
        if let Ok(id) = reference.parse::<ClusterId>() {
            let found = store.cluster(&id).await?.filter(|cluster| cluster.owner == caller.owner);
            return found.ok_or_else(|| missing("cluster", reference, "`caddis cluster list` shows yours"));
        }
        let name = (reference != NEWEST).then(|| reference.to_owned());
        for active in [true, false] {
            let owner = Some(caller.owner.clone());
            let filter = ClusterFilter { owner, active, name: name.clone(), limit: 1, ..ClusterFilter::default() };
            if let Some(found) = store.clusters(&filter).await?.into_iter().next() {
                return Ok(found);
            }
        }
        Err(missing("cluster", reference, "`caddis cluster list` shows yours"))
    }
}

fn missing(kind: &str, reference: &str, hint: &str) -> CallError {
    let message = match reference {
        NEWEST => format!("there is no {kind} yet"),
        reference => format!("there is no {kind} `{reference}`"),
    };
    CallError::new(CallErrorKind::NotFound, "not_found", format!("{message}\nhint: {hint}"))
}
