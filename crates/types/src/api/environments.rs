//! Python environments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A Python environment that Caddis keeps: `GET /v1/environments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentView {
    /// Its id, a digest of all that went in.
    pub id: String,
    /// `ready`, `building`, `broken`.
    pub state: String,
    /// What it was made from, for people.
    pub source: String,
    /// Its interpreter's version.
    pub python: Option<String>,
    /// Of `distributed`.
    pub distributed: Option<String>,
    /// On disk, bytes.
    pub bytes: Option<u64>,
    /// When something last used it.
    pub used_at: Option<Timestamp>,
    /// Whether something uses it now.
    pub in_use: bool,
    /// Its folder.
    pub path: String,
}
