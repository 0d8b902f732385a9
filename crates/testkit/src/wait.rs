//! Waiting for a level, with a bound and a message.

use std::time::{Duration, Instant};

/// How long a test waits for something that should happen at once; long enough for a machine that is very busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` answers something, and fails with `what` after [`PATIENCE`].
#[track_caller]
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, look)
}

/// Waits until `look` answers something, and fails with `what` after `patience`.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a level is looked at again after a pause; the wait is bounded")]
pub fn wait_within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < patience, "waited {patience:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
