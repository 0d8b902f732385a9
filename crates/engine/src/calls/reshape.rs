//! Changing what clusters that are there may become: their ranges of workers, and when they end by themselves.

use caddis_core::record::{ClusterRecord, NewEvent};
use caddis_types::shape::WorkerRange;
use caddis_types::{ClusterId, Timestamp};

use super::jobs::busy;
use super::{CallError, CallErrorKind, Caller};
use crate::ports::{Change, CommitError, DocumentWrite};
use crate::{Engine, Key};

const TRIES: usize = 20;

/// What changes of a cluster; what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// Which.
    pub cluster: ClusterId,
    /// Fewest and most workers; what the pool has no memory for is left out.
    pub range: Option<WorkerRange>,
    /// How many it wants now, within its range.
    pub workers: Option<u32>,
    /// How many of its workers are never preemptible; those that are there stay what they are.
    pub on_demand: Option<u32>,
    /// When it ends by itself.
    pub limits: Option<Limits>,
}

/// When a cluster ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After nothing used it for so long, milliseconds; zero means never.
    pub idle_timeout_ms: u64,
    /// Then, whatever uses it.
    pub ends_at: Option<Timestamp>,
}

impl Engine {
    /// Changes clusters, all in one transaction with what a face keeps of it. Clusters that are over, or about to be, are
    /// left as they are. A conflict means that a document was changed meanwhile, and that nothing was done.
    pub async fn reshape_clusters_with(
        &self,
        caller: &Caller,
        reshapes: Vec<Reshape>,
        documents: Vec<DocumentWrite>,
    ) -> Result<(), CallError> {
        for _ in 0..TRIES {
            let mut change = Change { documents: documents.clone(), ..Change::default() };
            for reshape in &reshapes {
                self.reshape(caller, reshape, &mut change).await?;
            }
            let changed: Vec<ClusterId> = change.clusters.iter().map(|record| record.id.clone()).collect();
            match self.ports.store.commit(change).await {
                Ok(()) => {
                    for id in changed {
                        self.ports.notifier.changed(id.as_str());
                        self.queue.wake(Key::Cluster(id));
                    }
                    self.queue.wake(Key::Pool);
                    return Ok(());
                }
                // A record was changed meanwhile, which is no reason to refuse; a document is the face's to look at.
                Err(CommitError::Conflict { subject }) if changed.iter().any(|id| id.as_str() == subject) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy("clusters"))
    }

    async fn reshape(&self, caller: &Caller, reshape: &Reshape, change: &mut Change) -> Result<(), CallError> {
        let Some(mut record) = self.ports.store.cluster(&reshape.cluster).await? else { return Ok(()) };
        if record.owner != caller.owner {
            let text = format!("cluster `{}` is not yours", record.id);
            return Err(CallError::new(CallErrorKind::NotFound, "not_found", text));
        }
        if record.state.is_ending() || record.stop_wish.is_some() {
            return Ok(());
        }
        let now = self.ports.clock.now();
        apply(&mut record, reshape, self.ports.backend.pool().memory_bytes, now);
        let (min, max) = (record.shape.workers_min, record.shape.workers_max);
        let mut message = format!("`{}` changed it: {min}..{max} workers", record.owner);
        if let Some(ends) = record.ends_at {
            message.push_str(&format!(", until {ends}"));
        }
        change.events.push(NewEvent::new(now, record.id.as_str(), "cluster.changed", message));
        change.clusters.push(record);
        Ok(())
    }
}

fn apply(record: &mut ClusterRecord, reshape: &Reshape, pool: u64, now: Timestamp) {
    if let Some(range) = reshape.range {
        let most = u32::try_from(pool / record.shape.memory_bytes.max(1)).unwrap_or(u32::MAX).max(1);
        record.shape.workers_max = range.max.clamp(1, most);
        record.shape.workers_min = range.min.min(record.shape.workers_max);
        record.scaling.fixed = false;
        record.scaling.memory = Default::default();
    }
    if reshape.range.is_some() || reshape.workers.is_some() {
        let wanted = reshape.workers.unwrap_or(record.workers_desired);
        record.workers_desired = wanted.clamp(record.shape.workers_min, record.shape.workers_max);
        record.scaling.said_at = Some(now);
    }
    if let Some(on_demand) = reshape.on_demand {
        record.shape.on_demand = Some(on_demand);
    }
    if let Some(limits) = reshape.limits {
        record.idle_timeout_ms = Some(limits.idle_timeout_ms);
        record.ends_at = limits.ends_at;
    }
}

#[cfg(test)]
mod tests {
    use caddis_core::prices::Tariff;
    use caddis_core::profile::{self, Pool};
    use caddis_types::bytes::GIB;
    use caddis_types::shape::ShapeWish;

    use super::*;

    const POOL: Pool = Pool { memory_bytes: 8 * GIB, cpus: 2 };

    fn record() -> ClusterRecord {
        let range = WorkerRange { min: 1, max: 8 };
        let wish = ShapeWish { workers: Some(range), memory_bytes: Some(GIB), ..ShapeWish::default() };
        let shape = profile::fit(&wish, POOL, &Tariff::default(), Timestamp(0)).unwrap().0;
        ClusterRecord::new("cl_0123456789abcdef".parse().unwrap(), "ann".to_owned(), shape, Timestamp(0))
    }

    fn reshaped(wanted: u32, range: Option<WorkerRange>, workers: Option<u32>) -> (u32, u32, u32) {
        let mut record = record();
        record.workers_desired = wanted;
        let reshape = Reshape { cluster: record.id.clone(), range, workers, on_demand: Some(3), limits: None };
        apply(&mut record, &reshape, POOL.memory_bytes, Timestamp(5));
        assert_eq!(record.wished_at(), Timestamp(if range.is_some() || workers.is_some() { 5 } else { 0 }));
        (record.shape.workers_min, record.shape.workers_max, record.workers_desired)
    }

    #[test]
    fn what_is_wanted_comes_into_the_new_range_and_the_range_into_the_pool() {
        let range = |min, max| Some(WorkerRange { min, max });
        assert_eq!(reshaped(1, range(2, 5), None), (2, 5, 2));
        assert_eq!(reshaped(7, range(2, 5), None), (2, 5, 5));
        assert_eq!(reshaped(3, range(2, 5), Some(4)), (2, 5, 4));
        assert_eq!(reshaped(3, range(20, 50), None), (8, 8, 8));
        assert_eq!(reshaped(3, None, Some(4)), (1, 8, 4));
        assert_eq!(reshaped(0, None, None), (1, 8, 0), "nothing was said, and nothing is changed");
    }

    #[test]
    fn other_times_to_end_change_nothing_else() {
        let before = record();
        let limits = Limits { idle_timeout_ms: 7, ends_at: Some(Timestamp(9)) };
        let mut after = before.clone();
        let reshape = Reshape { cluster: before.id.clone(), range: None, workers: None, on_demand: None, limits: Some(limits) };
        apply(&mut after, &reshape, POOL.memory_bytes, Timestamp(5));
        assert_eq!(after, ClusterRecord { idle_timeout_ms: Some(7), ends_at: Some(Timestamp(9)), ..before });
    }
}
