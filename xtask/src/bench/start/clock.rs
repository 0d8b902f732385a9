//! The clocks that measurements need. CLOCK_MONOTONIC is one for all processes of a machine, and Python's
//! `time.monotonic_ns()` reads the same.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of CLOCK_MONOTONIC.
pub(in crate::bench) fn monotonic() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Milliseconds between two of them.
pub(in crate::bench) fn millis(from: i64, to: i64) -> f64 {
    (to - from) as f64 / 1e6
}
