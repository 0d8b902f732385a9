//! The only place of this crate that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use caddis_types::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "how long ago something was is told to people; nothing is decided by it")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
