//! One method an endpoint, by noun.

mod clusters;
mod events;
mod jobs;
mod server;

use std::time::Duration;

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
