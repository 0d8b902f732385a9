//! The link to schedulers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use caddis_engine::ports::DaskApi;
use caddis_core::record::Leaving;
use caddis_types::ClusterId;
use caddis_types::dask::{DaskSnapshot, WorkerView};

use crate::Mutant;
use crate::chaos::Kind;
use crate::hub::{Gate, Hub, State};
use crate::world::schedulers;

/// How late what a scheduler says may come.
const LATE: Duration = Duration::from_secs(2);

pub(super) struct SimDask {
    pub(super) hub: Arc<Hub>,
    pub(super) calm: bool,
}

/// What a scheduler said before, while that is not too old for a link that is slow.
fn earlier(state: &State, cluster: &ClusterId) -> Option<DaskSnapshot> {
    let said = state.world.sites.get(cluster)?.said.clone()?;
    (state.now() <= said.at + LATE).then_some(said)
}

impl SimDask {
    async fn enter(&self, kind: Kind, what: &str, cluster: &ClusterId) -> Gate {
        match self.calm {
            true => Gate::default(),
            false => self.hub.enter(kind, || format!("dask.{what} {cluster}")).await,
        }
    }
}

#[async_trait]
impl DaskApi for SimDask {
    async fn snapshot(&self, cluster: &ClusterId) -> Option<DaskSnapshot> {
        let gate = self.enter(Kind::Look, "snapshot", cluster).await;
        let (mut snapshot, mutant) = {
            let mut state = self.hub.lock();
            let said = schedulers::snapshot(&mut state, cluster);
            let heard = match (gate.fails_before(), gate.fails_after()) {
                (true, _) => None,
                (_, true) => earlier(&state, cluster),
                _ => said.clone(),
            };
            if let Some(site) = state.world.sites.get_mut(cluster) {
                site.said = said;
            }
            (heard, state.mutant)
        };
        if let (Some(snapshot), Some(Mutant::DataUnseen)) = (&mut snapshot, mutant) {
            (snapshot.data_bytes, snapshot.tasks.memory) = (0, 0);
            // One that takes tasks is not ended for having no results: they may come at any moment.
            let cordoned = |worker: &mut WorkerView| (worker.keys, worker.status) = (0, "closing_gracefully".to_owned());
            snapshot.workers.iter_mut().for_each(cordoned);
        }
        self.hub.leave(&gate).await;
        snapshot
    }

    async fn workers_to_close(&self, cluster: &ClusterId, count: u32) -> Vec<String> {
        let gate = self.enter(Kind::Effect, "workers_to_close", cluster).await;
        let names = schedulers::victims(&mut self.hub.lock(), cluster, count);
        self.hub.leave(&gate).await;
        if gate.fails_before() || gate.fails_after() { Vec::new() } else { names }
    }

    async fn drain(&self, cluster: &ClusterId, workers: &[String], _: Duration, why: Leaving) -> bool {
        let gate = self.enter(Kind::Effect, "drain", cluster).await;
        let done = !gate.fails_before() && schedulers::drain(&mut self.hub.lock(), cluster, workers, why);
        self.hub.leave(&gate).await;
        done && !gate.fails_after()
    }

    async fn close(&self, cluster: &ClusterId, _: &str) -> bool {
        let gate = self.enter(Kind::Effect, "close", cluster).await;
        let done = !gate.fails_before() && schedulers::close(&mut self.hub.lock(), cluster);
        self.hub.leave(&gate).await;
        done && !gate.fails_after()
    }
}
