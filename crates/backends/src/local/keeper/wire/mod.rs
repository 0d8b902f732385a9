//! The shapes that travel between the server and the keeper, and that lie in `record.json`.
//!
//! Only data: no rule of the keeper lives here. What always holds: unknown fields are ignored, so that a newer
//! server can talk to an older keeper and the other way round.

mod launch;
mod message;
mod record;

pub use launch::{Interpreter, Kind, Launch, Stdin};
pub use message::{
    Answer, Event, ForkServerView, Hello, LimitsView, Op, Request, Rung, SignalName, Stats, WireError,
};
pub use record::{Exit, KilledBy, Record, State};

/// Longest key in bytes; the marker in a member's environment has room for exactly this much.
pub const KEY_MAX: usize = 120;

/// The variable that carries a member's key through every `fork` and `exec`.
pub const MARKER: &str = "CADDIS_MEMBER";

/// The marker's value for `key`: padded with dots, so that it fits exactly over the fork server's placeholder.
#[must_use]
pub fn marker_value(key: &str) -> String {
    format!("{key:.<KEY_MAX$}")
}

/// The key in a marker's value, or nothing when it is a placeholder or not ours.
#[must_use]
pub fn marker_key(value: &str) -> Option<&str> {
    let key = value.trim_end_matches('.');
    key.contains('/').then_some(key)
}
