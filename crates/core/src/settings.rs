//! The times and prices that decisions go by; the config file may change them.

use std::sync::Arc;
use std::time::Duration;

use crate::autoscale::Policy;
use crate::ledger::FixedCost;
use crate::prices::Tariff;

/// How long things may take, and what they cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// From the wish for a scheduler or worker to its first word.
    pub member_start: Duration,
    /// From the wish for an end to the purge, while the scheduler closes its workers.
    pub orderly_close: Duration,
    /// A worker whose slot goes may take this long over running tasks.
    pub drain: Duration,
    /// What a script may take to end by itself after its scheduler is gone.
    pub script_after_scheduler: Duration,
    /// Between two looks when nothing announces itself.
    pub heartbeat: Duration,
    /// The figures by which the load decides how many workers there are.
    pub policy: Policy,
    /// What machines cost.
    pub tariff: Arc<Tariff>,
    /// What costs money whether or not anybody works.
    pub fixed_costs: Arc<[FixedCost]>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            member_start: Duration::from_secs(60),
            orderly_close: Duration::from_secs(2),
            drain: Duration::from_secs(60),
            script_after_scheduler: Duration::from_secs(5),
            heartbeat: Duration::from_secs(5),
            policy: Policy::default(),
            tariff: Arc::default(),
            fixed_costs: Arc::default(),
        }
    }
}
