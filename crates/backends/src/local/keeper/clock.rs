//! The keeper's only look at the clocks. Durations come from the monotonic one, which a changed date cannot bend;
//! the wall clock is for records only.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since boot, suspension not counted.
pub(super) fn now() -> Duration {
    let t = clock_gettime(ClockId::Monotonic);
    Duration::new(
        t.tv_sec.unsigned_abs(),
        u32::try_from(t.tv_nsec).unwrap_or(0),
    )
}

/// The same in microseconds, as records keep it.
pub(in crate::local) fn ticks() -> u64 {
    u64::try_from(now().as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds since 1970.
pub(super) fn wall() -> i64 {
    crate::clock::wall()
}
