//! What is carried from one look to the next. It is stored with the cluster's record, so that a restart decides as the
//! process before it would have.

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

/// What earlier looks left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Since when fewer workers would be enough.
    pub shrink_since: Option<Timestamp>,
    /// When it last asked for more.
    pub grew_at: Option<Timestamp>,
    /// When it last let some go.
    pub shrank_at: Option<Timestamp>,
}
