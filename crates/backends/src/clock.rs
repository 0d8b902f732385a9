//! The clock on the wall, as the server decides by it and the keeper writes it down. Lengths of time are not measured by
//! it: it may jump.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds since 1970.
pub fn wall() -> i64 {
    let t = clock_gettime(ClockId::Realtime);
    (t.tv_sec * 1_000_000 + t.tv_nsec / 1_000).saturating_add(skew())
}

/// Names a file with the microseconds by which this clock is wrong, so that tests can let it jump without setting the
/// machine's. Release builds do not look.
#[cfg(debug_assertions)]
pub(crate) const TEST_CLOCK: &str = "CADDIS_TEST_CLOCK";

#[cfg(debug_assertions)]
fn skew() -> i64 {
    let Some(path) = std::env::var_os(TEST_CLOCK) else { return 0 };
    std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(not(debug_assertions))]
fn skew() -> i64 {
    0
}
