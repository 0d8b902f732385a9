//! What was used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NanoDollars;

/// What was used, from facts of the launcher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UsageView {
    /// Seconds of worker processes, summed over workers.
    pub worker_seconds: f64,
    /// The most workers at one time.
    pub workers_peak: u32,
    /// The largest resident size of one worker, bytes. Absent of a job on a cluster that outlives it: others may use it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Tasks that Dask finished. Absent of a job on a cluster that outlives it: Dask does not say whose a task is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks_done: Option<u64>,
    /// What it would have cost on Google Cloud, nano-dollars.
    pub would_have_cost: NanoDollars,
}
