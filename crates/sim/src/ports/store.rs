//! Rows: `MemStore` behind fault points, with the checkers looking at every commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use caddis_core::record::{ClusterRecord, DecisionRow, Fact, JobRecord, LedgerLine};
use caddis_engine::ports::{
    Change, ClusterFilter, CommitError, CostFilter, Costs, Document, JobFilter, Removed, Store, StoreError,
};
use caddis_store::MemStore;
use caddis_types::api::EventView;
use caddis_types::{ClusterId, JobId, Timestamp};

use crate::Mutant;
use crate::chaos::Kind;
use crate::check;
use crate::hub::{Gate, Hub, SECOND};
use crate::mutant::spoil;

/// What a life of the server remembers of the store, for planted bugs only.
#[derive(Debug, Default)]
struct Memory {
    failed: bool,
    deferred: Option<Change>,
    known: Option<(i64, BTreeSet<ClusterId>)>,
}

/// The store of one life of the server.
#[derive(Debug)]
pub struct SimStore {
    hub: Arc<Hub>,
    rows: Arc<MemStore>,
    calm: bool,
    memory: Mutex<Memory>,
}

fn failed() -> StoreError {
    StoreError { code: "failed", message: "the disk did not answer".into(), hint: None }
}

impl SimStore {
    pub(super) fn new(hub: &Arc<Hub>, rows: &Arc<MemStore>, calm: bool) -> SimStore {
        SimStore { hub: Arc::clone(hub), rows: Arc::clone(rows), calm, memory: Mutex::default() }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, mutant: Mutant) -> bool {
        !self.calm && self.hub.lock().mutant == Some(mutant)
    }

    async fn enter(&self, kind: Kind, what: impl Fn() -> String) -> Gate {
        if self.calm { Gate::default() } else { self.hub.enter(kind, what).await }
    }

    async fn read(&self, what: &'static str) -> Result<(), StoreError> {
        let gate = self.enter(Kind::Read, || what.to_owned()).await;
        self.flush().await;
        self.hub.leave(&gate).await;
        if gate.fails_before() { Err(failed()) } else { Ok(()) }
    }

    /// The planted bug that answers before it is durable writes at the next call.
    async fn flush(&self) {
        let deferred = self.memory().deferred.take();
        if let Some(change) = deferred {
            let _ = self.write(change).await;
        }
    }

    async fn write(&self, change: Change) -> Result<(), CommitError> {
        self.rows.commit(change.clone()).await?;
        check::committed(&mut self.hub.lock(), &change);
        Ok(())
    }

    async fn spoiled(&self, change: &mut Change) {
        let mutant = self.hub.lock().mutant.filter(|_| !self.calm);
        if let Some(mutant) = mutant {
            let retried = std::mem::take(&mut self.memory().failed);
            spoil(mutant, change, retried, &self.rows).await;
        }
    }
}

fn told(change: &Change) -> String {
    let jobs = change.jobs.iter().map(|job| format!(" {} {:?}", job.id, job.state));
    let clusters = change.clusters.iter().map(|cluster| format!(" {} {}", cluster.id, check::brief(cluster)));
    format!("commit{}", jobs.chain(clusters).collect::<String>())
}

#[async_trait]
impl Store for SimStore {
    async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        self.read("job").await?;
        self.rows.job(id).await
    }

    async fn cluster(&self, id: &ClusterId) -> Result<Option<ClusterRecord>, StoreError> {
        self.read("cluster").await?;
        self.rows.cluster(id).await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError> {
        self.read("jobs").await?;
        self.rows.jobs(filter).await
    }

    async fn clusters(&self, filter: &ClusterFilter) -> Result<Vec<ClusterRecord>, StoreError> {
        self.read("clusters").await?;
        let found = self.rows.clusters(filter).await?;
        if self.is(Mutant::OldCapacity) && filter.active && filter.owner.is_none() {
            // What came since the last list a while ago is not in it, so it seems to hold nothing.
            let t = self.hub.lock().t;
            let mut memory = self.memory();
            match &memory.known {
                Some((at, known)) if t - at < 3 * SECOND => {
                    return Ok(found.into_iter().filter(|cluster| known.contains(&cluster.id)).collect());
                }
                _ => memory.known = Some((t, found.iter().map(|cluster| cluster.id.clone()).collect())),
            }
        }
        Ok(found)
    }

    async fn jobs_of(&self, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError> {
        self.read("jobs of").await?;
        self.rows.jobs_of(ids).await
    }

    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<ClusterRecord>, StoreError> {
        self.read("clusters of").await?;
        self.rows.clusters_of(ids).await
    }

    async fn variables(&self, subject: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let gate = self.enter(Kind::Read, || "variables".into()).await;
        self.hub.leave(&gate).await;
        if gate.fails_before() { Err(failed()) } else { self.rows.variables(subject).await }
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        self.read("document").await?;
        self.rows.document(kind, key).await
    }

    async fn documents(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Result<Vec<Document>, StoreError> {
        self.read("documents").await?;
        self.rows.documents(kind, prefix, after, limit).await
    }

    async fn newest_documents(
        &self,
        kind: &str,
        folder: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        self.read("newest documents").await?;
        self.rows.newest_documents(kind, folder, before, limit).await
    }

    async fn commit(&self, mut change: Change) -> Result<(), CommitError> {
        let gate = self.enter(Kind::Commit, || told(&change)).await;
        self.flush().await;
        if gate.fails_before() {
            self.memory().failed = true;
            return Err(failed().into());
        }
        self.spoiled(&mut change).await;
        if self.is(Mutant::ActFirst) && change.request.is_none() {
            self.memory().deferred = Some(change);
            return Ok(());
        }
        let result = self.write(change).await;
        self.hub.leave(&gate).await;
        match result {
            Ok(()) if gate.fails_after() => Err(failed().into()),
            result => result,
        }
    }

    async fn costs(&self, filter: &CostFilter) -> Result<Costs, StoreError> {
        self.read("costs").await?;
        self.rows.costs(filter).await
    }

    async fn ledger(&self, cluster: &ClusterId) -> Result<Vec<LedgerLine>, StoreError> {
        self.read("ledger").await?;
        self.rows.ledger(cluster).await
    }

    async fn ledger_of_job(&self, cluster: &ClusterId, job: &JobId) -> Result<Vec<LedgerLine>, StoreError> {
        self.read("ledger of job").await?;
        self.rows.ledger_of_job(cluster, job).await
    }

    async fn events(&self, after: i64, subject: Option<&str>, limit: u32) -> Result<Vec<EventView>, StoreError> {
        self.read("events").await?;
        self.rows.events(after, subject, limit).await
    }

    async fn decisions(&self, cluster: &ClusterId, after: Timestamp, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        self.read("decisions").await?;
        self.rows.decisions(cluster, after, limit).await
    }

    async fn learned(&self, key: &str) -> Result<Option<Fact>, StoreError> {
        self.read("learned").await?;
        self.rows.learned(key).await
    }

    async fn remove_ended(&self, before: Timestamp) -> Result<Removed, StoreError> {
        let gate = self.enter(Kind::Commit, || format!("remove ended before {before}")).await;
        if gate.fails_before() {
            return Err(failed());
        }
        let removed = self.rows.remove_ended(before).await;
        self.hub.leave(&gate).await;
        if gate.fails_after() { Err(failed()) } else { removed }
    }

    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.rows.setting(key).await
    }

    async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.rows.set_setting(key, value).await
    }
}
