//! A Dask cluster as a series of events: tasks begin and end on threads, workers start, drain and are paid for.
//!
//! Time is whole microseconds from the trace's beginning. `work` holds the groups and what is runnable, `durations` what
//! Dask has measured so far, `fleet` the workers, `bill` what they cost, `sight` what a policy is shown, `run` the loop.
//! docs/AUTOSCALING.md says what is left out: transfers of data but for those of a worker that goes, failures, the
//! scheduler's own speed, tasks of one group that begin before another is wholly done.

mod bill;
mod durations;
mod fleet;
mod outcome;
mod run;
mod sight;
#[cfg(test)]
mod tests;
mod work;

use caddis_core::autoscale::Economy;
use caddis_types::NanoDollars;
use caddis_types::shape::WorkerRange;

pub use fleet::WorkerId;
pub use outcome::{Outcome, Point};
pub use run::{run, sums};
pub use sight::{Dask, DaskWorker, Sight, Yarn};

/// What the cluster is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Fewest and most workers; the fewest are there at the beginning.
    pub range: WorkerRange,
    /// Threads a worker.
    pub threads: u32,
    /// Memory a worker, bytes.
    pub memory_bytes: u64,
    /// How long a worker takes to start, and what it costs.
    pub economy: Economy,
}

impl Settings {
    /// Workers of the mission on Google Cloud: n2-standard-4 with 3 threads and 14 GB for Dask, up after 90 s, billed by
    /// the second and at least for a minute.
    pub fn cloud(range: WorkerRange) -> Settings {
        let economy =
            Economy { start_seconds: 90.0, worker_hour: NanoDollars(234_236_000), least_billed_seconds: 60.0 };
        Settings { range, threads: 3, memory_bytes: 14_000_000_000, economy }
    }

    /// Workers that are processes of one machine: up after a tenth of a second. The price is that of the cloud, by the
    /// second.
    pub fn local(range: WorkerRange) -> Settings {
        let economy = Economy { start_seconds: 0.1, worker_hour: NanoDollars(234_236_000), least_billed_seconds: 0.0 };
        Settings { economy, ..Settings::cloud(range) }
    }
}

/// Microseconds since the trace began.
pub(crate) type Micros = i64;

pub(crate) fn micros(seconds: f64) -> Micros {
    (seconds * 1e6).round() as Micros
}

pub(crate) fn seconds(micros: Micros) -> f64 {
    micros as f64 / 1e6
}
