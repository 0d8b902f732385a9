//! What a decision says.

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::Memory;

/// How many workers, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Workers that the cluster should have, within its range.
    pub target: u32,
    /// Why that many.
    pub why: Why,
    /// For people: why it has the size it has, what it waits for, what would change it.
    pub sentence: String,
    /// When another look may decide differently though nothing else happens.
    pub due: Option<Timestamp>,
    /// What the next look needs to know.
    pub memory: Memory,
}

/// The rule that gave the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// More work than the workers finish in time.
    Backlog,
    /// Memory is short.
    Memory,
    /// Fewer would do, and have for long enough.
    Spare,
    /// Fewer would do, and it is too early to say so.
    Settling,
    /// Just right, or nothing that changes anything.
    Steady,
    /// Nothing runs or waits.
    Idle,
    /// More would help, but the range ends here.
    AtMaximum,
    /// Fewer would do, but the range ends here.
    AtMinimum,
    /// A worker asked for now would come too late.
    TooLate,
    /// The processors are busy: nobody goes.
    Busy,
}
