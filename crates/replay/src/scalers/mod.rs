//! Who decides how many workers there are. One file a policy.

mod adaptive;
mod caddis;
mod dataproc;
mod fixed;

use caddis_types::Timestamp;

pub use adaptive::{Adaptive, Recommendation, adaptive_target, workers_to_close};
pub use caddis::Caddis;
pub use dataproc::Dataproc;
pub use fixed::Fixed;

use crate::model::{Sight, WorkerId};

/// A policy while it is replayed.
pub trait Scaler {
    /// What it is called in tables.
    fn name(&self) -> String;

    /// Whether it knows how long tasks took in an earlier run of the same work.
    fn remembers(&self) -> bool {
        false
    }

    /// Looks at the cluster, and says what to do.
    fn look(&mut self, sight: &Sight<'_>) -> Answer;
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Now.
    pub order: Order,
    /// Look again by then though nothing happens.
    pub due: Option<Timestamp>,
}

/// What a policy can ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Nothing.
    Keep,
    /// So many workers; whoever is too many finishes what it runs.
    To(u32),
    /// These go now, and what they run is begun again elsewhere.
    Close(Vec<WorkerId>),
}
