//! Why something is as it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Reason;

/// `GET /v1/why/{ref}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyView {
    /// The id of what was asked about.
    pub subject: String,
    /// The chain of reasons, the most direct first.
    pub reasons: Vec<Reason>,
}
