//! The memory store: for the simulator and for tests of rooms above. Nothing survives the process.
//!
//! What always holds: it answers as the SQLite store does, checked by the one conformance suite; a commit costs what
//! it changes, never what is stored, since the simulator makes millions of them.

mod documents;
mod state;
mod table;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use caddis_core::record::{ClusterRecord, DecisionRow, Fact, JobRecord, LedgerLine};
use caddis_engine::ports::{
    Change, ClusterFilter, CommitError, CostFilter, Costs, Document, JobFilter, Removed, Store, StoreError,
};
use caddis_types::api::EventView;
use caddis_types::{ClusterId, JobId, Timestamp};
use state::State;

/// Rows in memory.
#[derive(Debug, Default)]
pub struct MemStore {
    state: Mutex<State>,
}

impl MemStore {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half way on purpose; a test that did fail elsewhere may still look inside.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same<T: PartialEq>(wanted: &Option<T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted.as_ref() == found
}

#[async_trait]
impl Store for MemStore {
    async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        Ok(self.state().jobs.get(id).cloned())
    }

    async fn cluster(&self, id: &ClusterId) -> Result<Option<ClusterRecord>, StoreError> {
        Ok(self.state().clusters.get(id).cloned())
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        Ok(self.state().jobs.list(filter.active, filter.limit, |job| {
            same(&filter.owner, Some(&job.owner))
                && same(&filter.name, job.name.as_ref())
                && same(&filter.cluster, job.cluster_id())
        }))
    }

    async fn clusters(&self, filter: &ClusterFilter) -> Result<Vec<ClusterRecord>, StoreError> {
        Ok(self.state().clusters.list(filter.active, filter.limit, |cluster| {
            same(&filter.owner, Some(&cluster.owner))
                && same(&filter.name, cluster.name.as_ref())
                && same(&filter.job, cluster.job.as_ref())
        }))
    }

    async fn jobs_of(&self, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
        Ok(self.state().jobs.of(ids))
    }

    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<ClusterRecord>, StoreError> {
        Ok(self.state().clusters.of(ids))
    }

    async fn variables(&self, subject: &str) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.state().variables.get(subject).cloned().unwrap_or_default())
    }

    async fn commit(&self, change: Change) -> Result<(), CommitError> {
        self.state().commit(change)
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        Ok(self.state().documents.one(kind, key))
    }

    async fn documents(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Result<Vec<Document>, StoreError> {
        Ok(self.state().documents.list(kind, prefix, after, limit))
    }

    async fn newest_documents(
        &self,
        kind: &str,
        folder: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        Ok(self.state().documents.newest(kind, folder, before, limit))
    }

    async fn costs(&self, filter: &CostFilter) -> Result<Costs, StoreError> {
        let state = self.state();
        let living = state.clusters.list(true, 0, |cluster| same(&filter.owner, Some(&cluster.owner)));
        Ok(Costs { living, ..state.costs(filter) })
    }

    async fn ledger(&self, cluster: &ClusterId) -> Result<Vec<LedgerLine>, StoreError> {
        Ok(self.state().ledger(cluster))
    }

    async fn ledger_of_job(&self, cluster: &ClusterId, job: &JobId) -> Result<Vec<LedgerLine>, StoreError> {
        let names = |line: &LedgerLine| line.jobs().contains(job);
        Ok(self.state().ledger(cluster).into_iter().filter(names).collect())
    }

    async fn events(&self, after: i64, subject: Option<&str>, limit: u32) -> Result<Vec<EventView>, StoreError> {
        Ok(self.state().events(after, subject, limit))
    }

    async fn decisions(&self, cluster: &ClusterId, after: Timestamp, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        Ok(self.state().decisions(cluster, after, limit))
    }

    async fn learned(&self, key: &str) -> Result<Option<Fact>, StoreError> {
        Ok(self.state().learned.get(key).map(|(_, fact)| fact.clone()))
    }

    async fn remove_ended(&self, before: Timestamp) -> Result<Removed, StoreError> {
        Ok(self.state().remove_ended(before))
    }

    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().settings.get(key).cloned())
    }

    async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.state().settings.insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}
