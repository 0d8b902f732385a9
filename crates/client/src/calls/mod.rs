//! One method an endpoint, by noun.

mod clusters;
mod cost;
mod events;
mod jobs;
mod server;

use std::time::Duration;

pub use cost::CostQuery;

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
