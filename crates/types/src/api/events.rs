//! What happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One thing that happened; `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventView {
    /// Grows by one.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `job_…` or `cl_…`.
    pub subject: String,
    /// The word for machines, such as `job.started`.
    pub kind: String,
    /// For people.
    pub message: String,
}
