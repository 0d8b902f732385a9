//! What workers cost: each from the moment it was asked for until it is gone, and at least the shortest span that is
//! billed.

use std::time::Duration;

use caddis_core::autoscale::Economy;
use caddis_types::NanoDollars;

use super::{Micros, micros};

/// The sum of all that is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Bill {
    pub(super) cost: NanoDollars,
    pub(super) billed: Micros,
}

impl Bill {
    pub(super) fn add(&mut self, economy: &Economy, asked: Micros, gone: Micros) {
        let span = (gone - asked).max(micros(economy.least_billed_seconds));
        self.billed += span;
        self.cost += economy.worker_hour.for_span(Duration::from_micros(span.unsigned_abs()));
    }
}
