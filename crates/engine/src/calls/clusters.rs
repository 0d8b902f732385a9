//! Making, showing, scaling and stopping clusters.

use std::time::Duration;

use caddis_core::profile::{self, ShapeError};
use caddis_core::record::{ClusterRecord, ClusterState, DecisionRow, MemberPhase, NewEvent, StopWhy};
use caddis_core::view;
use caddis_types::api::{ClusterView, ClusterWish, ConnectionView};
use caddis_types::shape::{ClusterShape, ShapeWish, WorkerRange};
use caddis_types::{names, ClusterId, Timestamp};

use super::jobs::{busy, variables};
use super::{CallError, CallErrorKind, Caller, setup};
use crate::ports::{Change, ClusterFilter, CommitError, DocumentWrite};
use crate::{Engine, Key, pass};

const TRIES: usize = 20;
/// A cluster that outlives its jobs ends after this long without use.
const IDLE_TIMEOUT_MS: u64 = 30 * 60 * 1000;

impl Engine {
    /// Makes a cluster that outlives its jobs.
    pub async fn create_cluster(&self, caller: &Caller, wish: ClusterWish) -> Result<ClusterRecord, CallError> {
        self.create_cluster_with(caller, wish, |_| Vec::new()).await
    }

    /// The same, with what a face keeps of it, written in the same transaction.
    pub async fn create_cluster_with(
        &self,
        caller: &Caller,
        wish: ClusterWish,
        documents: impl FnOnce(&ClusterId) -> Vec<DocumentWrite> + Send,
    ) -> Result<ClusterRecord, CallError> {
        if let Some(name) = &wish.name {
            names::check(name)?;
        }
        for key in wish.tags.keys() {
            names::check(key)?;
        }
        variables(&wish.variables)?;
        let (shape, notices) = self.fit(&wish.shape)?;
        let now = self.ports.clock.now();
        let id = ClusterId::new(now, &mut self.ports.rng());
        let first = wish.workers_first.unwrap_or(shape.workers_min).clamp(shape.workers_min, shape.workers_max);
        let record = ClusterRecord {
            name: wish.name,
            workers_desired: first,
            tags: wish.tags,
            environment: wish.environment,
            cwd: wish.cwd,
            umask: wish.umask,
            idle_timeout_ms: Some(wish.idle_timeout_ms.unwrap_or(IDLE_TIMEOUT_MS)),
            ends_at: wish.lifetime_ms.map(|ms| now + Duration::from_millis(ms)),
            notices,
            scaling: pass::known(&caller.owner, None, &self.ports).await?,
            setup: setup::records(wish.setup, now)?,
            ..ClusterRecord::new(id.clone(), caller.owner.clone(), shape, now)
        };
        let events = vec![NewEvent::new(now, id.as_str(), "cluster.created", "it was asked for")];
        let variables = vec![(id.to_string(), wish.variables)];
        let documents = documents(&id);
        let change = Change { clusters: vec![record], events, variables, documents, ..Change::default() };
        self.ports.store.commit(change).await?;
        self.queue.wake(Key::Cluster(id.clone()));
        self.queue.wake(Key::Pool);
        self.find_cluster(caller, id.as_str()).await
    }

    /// The shape that a wish gets here and now, and what the user should know about the difference.
    pub(super) fn fit(&self, wish: &ShapeWish) -> Result<(ClusterShape, Vec<String>), ShapeError> {
        profile::fit(wish, self.ports.backend.pool(), &self.ports.settings.tariff, self.ports.clock.now())
    }

    /// A cluster as clients see it, with its reasons.
    pub async fn cluster_view(&self, record: &ClusterRecord) -> Result<ClusterView, CallError> {
        let (plan, _, world) = pass::plan_cluster(record, &self.ports).await?;
        let (tariff, now) = (&self.ports.settings.tariff, self.ports.clock.now());
        Ok(view::cluster(record, Some(&world), plan.report, tariff, now))
    }

    /// The caller's clusters, newest first.
    pub async fn clusters(&self, caller: &Caller, active: bool, limit: u32) -> Result<Vec<ClusterRecord>, CallError> {
        let filter = ClusterFilter { owner: Some(caller.owner.clone()), active, limit, ..ClusterFilter::default() };
        Ok(self.ports.store.clusters(&filter).await?)
    }

    /// Wants so many workers from now on: the load does not move the number again, until [`Engine::adapt_cluster`].
    pub async fn scale_cluster(&self, caller: &Caller, name: &str, workers: u32) -> Result<ClusterRecord, CallError> {
        self.scale_cluster_with(caller, name, workers, Vec::new()).await
    }

    /// The same, with what a face keeps of it.
    pub async fn scale_cluster_with(
        &self,
        caller: &Caller,
        name: &str,
        workers: u32,
        documents: Vec<DocumentWrite>,
    ) -> Result<ClusterRecord, CallError> {
        let (pool, now) = (self.ports.backend.pool(), self.ports.clock.now());
        self.change_cluster(caller, name, documents, |record| {
            let needed = record.shape.memory_bytes.saturating_mul(u64::from(workers));
            if needed > pool.memory_bytes {
                let each = caddis_types::bytes::display(record.shape.memory_bytes);
                let text = format!(
                    "{workers} workers with {each} each do not fit the pool of {}\nhint: ask for at most {}",
                    caddis_types::bytes::display(pool.memory_bytes),
                    pool.memory_bytes / record.shape.memory_bytes.max(1)
                );
                return Err(CallError::new(CallErrorKind::Conflict, "above_pool", text));
            }
            // Its range stays, for when the load is to decide again.
            record.scaling.fixed = true;
            record.scaling.said_at = Some(now);
            record.workers_desired = workers;
            Ok(("cluster.scaled", format!("`{}` wants {workers} workers", record.owner)))
        })
        .await
    }

    /// Lets the load decide how many workers there are, within the cluster's range or another one.
    pub async fn adapt_cluster(
        &self,
        caller: &Caller,
        name: &str,
        range: Option<WorkerRange>,
    ) -> Result<ClusterRecord, CallError> {
        let (pool, now) = (self.ports.backend.pool(), self.ports.clock.now());
        if let Some(range) = range {
            range.check().map_err(|why| profile::ShapeError::Workers { min: range.min, max: range.max, why })?;
        }
        self.change_cluster(caller, name, Vec::new(), |record| {
            if let Some(range) = range {
                let fitted = profile::fit_range(range, record.shape.memory_bytes, pool, &mut record.notices)?;
                (record.shape.workers_min, record.shape.workers_max) = (fitted.min, fitted.max);
            }
            let (min, max) = (record.shape.workers_min, record.shape.workers_max);
            if min == max {
                let text = format!(
                    "cluster `{name}` may only have {min} workers, so that no load changes their number
hint: give it a                      range: `--workers MIN..MAX`"
                );
                return Err(CallError::new(CallErrorKind::Conflict, "no_range", text));
            }
            record.scaling.fixed = false;
            record.scaling.said_at = Some(now);
            record.scaling.memory = Default::default();
            record.workers_desired = record.workers_desired.clamp(min, max);
            Ok(("cluster.adapts", format!("`{}` lets the load decide: {min}..{max} workers", record.owner)))
        })
        .await
    }

    /// Decisions about a cluster's size after a moment, oldest first; `limit` of them and whatever else is of the last
    /// one's moment, 0 means all.
    pub async fn decisions(
        &self,
        caller: &Caller,
        name: &str,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, CallError> {
        let record = self.find_cluster(caller, name).await?;
        Ok(self.ports.store.decisions(&record.id, after, limit).await?)
    }

    /// Wishes the end of a cluster. Repeating it is harmless.
    pub async fn stop_cluster(&self, caller: &Caller, name: &str) -> Result<ClusterRecord, CallError> {
        self.stop_cluster_with(caller, name, Vec::new()).await
    }

    /// The same, with what a face keeps of it; that is written also when the cluster is ending already.
    pub async fn stop_cluster_with(
        &self,
        caller: &Caller,
        name: &str,
        documents: Vec<DocumentWrite>,
    ) -> Result<ClusterRecord, CallError> {
        let record = self.find_cluster(caller, name).await?;
        if record.state.is_ending() || record.stop_wish.is_some() {
            self.write_documents(documents).await?;
            return Ok(record);
        }
        let sentence = format!("`{}` stopped it", caller.owner);
        self.change_cluster(caller, record.id.as_str(), documents, |record| {
            record.stop_wish.get_or_insert(StopWhy::orderly(sentence.clone()));
            Ok(("cluster.stop_wished", sentence.clone()))
        })
        .await
    }

    /// How to connect to a cluster that serves.
    pub async fn connection(&self, caller: &Caller, name: &str) -> Result<ConnectionView, CallError> {
        let record = self.find_cluster(caller, name).await?;
        let serving = matches!(
            record.scheduler.as_ref().map(|scheduler| &scheduler.phase),
            Some(MemberPhase::Running { ready_at: Some(_), .. })
        );
        if !serving || record.state.is_ending() {
            let text = format!("cluster `{name}` does not serve\nhint: `caddis why {}` says why", record.id);
            return Err(CallError::new(CallErrorKind::Conflict, "not_serving", text));
        }
        Ok(self.ports.backend.connection(&record).await?)
    }

    async fn change_cluster(
        &self,
        caller: &Caller,
        name: &str,
        documents: Vec<DocumentWrite>,
        change: impl Fn(&mut ClusterRecord) -> Result<(&'static str, String), CallError>,
    ) -> Result<ClusterRecord, CallError> {
        for _ in 0..TRIES {
            let mut record = self.find_cluster(caller, name).await?;
            if let ClusterState::Stopping { .. } | ClusterState::Ended { .. } = record.state {
                let text = format!("cluster `{name}` has ended, or is being ended");
                return Err(CallError::new(CallErrorKind::Conflict, "cluster_ended", text));
            }
            let (kind, message) = change(&mut record)?;
            let id = record.id.clone();
            let events = vec![NewEvent::new(self.ports.clock.now(), id.as_str(), kind, message)];
            let (clusters, documents) = (vec![record], documents.clone());
            match self.ports.store.commit(Change { clusters, events, documents, ..Change::default() }).await {
                Ok(()) => {
                    self.queue.wake(Key::Cluster(id.clone()));
                    self.queue.wake(Key::Pool);
                    self.ports.notifier.changed(id.as_str());
                    return self.find_cluster(caller, id.as_str()).await;
                }
                // The record was changed meanwhile, which is no reason to refuse; a document is the face's to look at.
                Err(CommitError::Conflict { subject }) if subject == id.as_str() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy(name))
    }
}
