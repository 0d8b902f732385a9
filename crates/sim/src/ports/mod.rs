//! The ports of the engine over the simulated world. Before and behind each call lies a fault point.
//!
//! Planted bugs live here, each in one branch that asks for its [`crate::Mutant`].

mod backend;
mod dask;
mod small;
mod store;

use std::sync::Arc;

use caddis_engine::Ports;
use caddis_store::MemStore;

pub use store::SimStore;

use crate::hub::Hub;

/// Ports for one life of the server. `calm` ones never fail and cost no time, for checkers.
pub fn ports(hub: &Arc<Hub>, rows: &Arc<MemStore>, calm: bool) -> Ports {
    let settings = Arc::new(hub.lock().options.settings());
    Ports {
        store: Arc::new(SimStore::new(hub, rows, calm)),
        backend: Arc::new(backend::SimBackend { hub: Arc::clone(hub), calm }),
        dask: Arc::new(dask::SimDask { hub: Arc::clone(hub), calm }),
        clock: Arc::new(small::SimClock(Arc::clone(hub))),
        entropy: Arc::new(small::SimEntropy(Arc::clone(hub))),
        notifier: Arc::new(small::SimNotifier),
        settings,
    }
}
