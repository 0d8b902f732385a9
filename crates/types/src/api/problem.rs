//! Errors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable, for machines.
    pub code: String,
    /// What is true.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Found again in the server's log.
    pub request_id: String,
}
