//! Time, randomness, and watchers that nobody watches with.

use std::sync::Arc;

use caddis_engine::ports::{Clock, Entropy, Notifier};
use caddis_types::Timestamp;
use rand::RngExt;

use crate::hub::Hub;

pub(super) struct SimClock(pub(super) Arc<Hub>);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now()
    }
}

pub(super) struct SimEntropy(pub(super) Arc<Hub>);

impl Entropy for SimEntropy {
    fn seed(&self) -> [u8; 32] {
        self.0.lock().chaos.rng.random()
    }
}

pub(super) struct SimNotifier;

impl Notifier for SimNotifier {
    fn changed(&self, _: &str) {}
}
