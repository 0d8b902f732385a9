//! Dataproc's autoscaling of YARN, by its published formula
//! (https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/autoscaling).
//!
//! Averages over the cool-down: with something pending, as many nodes as all that is pending, available and allocated
//! needs; with nothing pending, as many as what is allocated needs. Scale factors are 1, the least fractions 0, graceful
//! decommissioning waits for what runs. Every task is a container of one thread's share, which flatters the formula: Dask
//! on YARN asks for workers, not for tasks.

use caddis_types::Timestamp;

use super::{Answer, Order, Scaler};
use crate::model::{Sight, Yarn};

/// `BasicAutoscalingAlgorithm.cooldown_period`: its default, and its least.
const COOL_DOWN: i64 = 120_000_000;

/// The formula, between two evaluations.
#[derive(Clone, Debug, Default)]
pub struct Dataproc {
    evaluated: Timestamp,
    seen: Option<(Timestamp, Yarn)>,
    /// Sums over time since the last evaluation.
    pending: f64,
    allocated: f64,
    available: f64,
}

impl Dataproc {
    fn take_in(&mut self, now: Timestamp, yarn: Yarn) {
        if let Some((since, seen)) = self.seen {
            let span = now.since(since).as_secs_f64();
            self.pending += seen.pending as f64 * span;
            self.allocated += seen.allocated as f64 * span;
            self.available += seen.available as f64 * span;
        }
        self.seen = Some((now, yarn));
    }

    fn workers(&self, span: f64, threads: f64) -> u32 {
        let busy = self.allocated + if self.pending > 0.0 { self.pending + self.available } else { 0.0 };
        // A billionth less, so that rounding errors do not cost a node.
        (busy / span / threads - 1e-9).ceil().max(0.0) as u32
    }
}

impl Scaler for Dataproc {
    fn name(&self) -> String {
        "dataproc".to_owned()
    }

    fn look(&mut self, sight: &Sight<'_>) -> Answer {
        let now = sight.now();
        self.take_in(now, sight.yarn());
        let starting = sight.signals().starting > 0;
        if starting {
            // The cool-down begins when the last update is done.
            *self = Dataproc { evaluated: now, seen: self.seen, ..Dataproc::default() };
        }
        let next = Timestamp(self.evaluated.0 + COOL_DOWN);
        if now < next {
            return Answer { order: Order::Keep, due: Some(next) };
        }
        let span = now.since(self.evaluated).as_secs_f64();
        let target = self.workers(span, f64::from(sight.settings.threads));
        *self = Dataproc { evaluated: now, seen: self.seen, ..Dataproc::default() };
        Answer { order: Order::To(target), due: Some(Timestamp(now.0 + COOL_DOWN)) }
    }
}
