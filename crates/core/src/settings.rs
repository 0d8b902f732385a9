//! The times that decisions go by; the config file may change them.

use std::time::Duration;

use crate::autoscale::Policy;

/// How long things may take.
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
        }
    }
}
