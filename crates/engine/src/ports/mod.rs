//! What the loop needs of the outside. Every call here is a fault point of the simulator.

mod backend;
mod clock;
mod dask;
mod notifier;
mod store;

use std::sync::Arc;

pub use backend::{Backend, BackendError, MemberStart, StartError, Stopped};
use caddis_core::settings::Settings;
pub use clock::{Clock, Entropy};
pub use dask::DaskApi;
pub use notifier::Notifier;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
pub use store::{
    Change, ClusterFilter, CommitError, CostFilter, Costs, Document, DocumentWrite, EVENTS_REMOVED, JobFilter, Removed,
    Store, StoreError,
};

/// Everything a pass may touch.
#[derive(Clone)]
pub struct Ports {
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Processes, environments, files.
    pub backend: Arc<dyn Backend>,
    /// Schedulers.
    pub dask: Arc<dyn DaskApi>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Those who wait for changes.
    pub notifier: Arc<dyn Notifier>,
    /// How long things may take.
    pub settings: Arc<Settings>,
}

impl Ports {
    /// A random source of its own for one decision.
    pub fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.entropy.seed())
    }
}
