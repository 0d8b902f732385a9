//! When a dead worker is followed by the next one in its slot.
//!
//! The first replacement comes at once: most deaths are single (a preemption, a task that ate the memory, a
//! `Client.restart`). A slot whose processes die young again and again waits longer each time, so that a broken
//! environment does not spin.

use std::time::Duration;

/// A process that lived this long is healthy: its death starts the count anew.
pub const HEALTHY_AFTER: Duration = Duration::from_secs(30);
/// The longest pause.
pub const PAUSE_MAX: Duration = Duration::from_secs(30);
/// After so many young deaths in a row a slot is hopeless; a cluster gives up without enough others.
pub const GIVE_UP_AFTER: u32 = 6;

/// What to do about a death: the new count of young deaths in a row, and the pause before the next process. `lived` is
/// the time from its being ready to its end.
pub fn after_death(failures: u32, lived: Duration, orderly: bool) -> (u32, Duration) {
    let failures = match (orderly, lived >= HEALTHY_AFTER) {
        (true, _) if lived >= Duration::from_millis(300) => 0,
        (_, true) => 1,
        (_, false) => failures.saturating_add(1),
    };
    (failures, pause(failures))
}

/// 0, 0, 250 ms, 500 ms, 1 s, ... 30 s.
pub fn pause(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        n => Duration::from_millis(250).saturating_mul(1 << (n - 2).min(10)).min(PAUSE_MAX),
    }
}

/// The pause before the next attempt of a job: it doubles, up to ten minutes.
pub fn retry_pause(first: Duration, failed_attempts: u32) -> Duration {
    first.saturating_mul(1 << failed_attempts.saturating_sub(1).min(16)).min(Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_replacement_comes_at_once_and_a_crash_loop_slows_down() {
        let mut failures = 0;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let (next, pause) = after_death(failures, Duration::from_millis(50), false);
            failures = next;
            pauses.push(pause.as_millis());
        }
        assert_eq!(pauses[..5], [0, 250, 500, 1000, 2000]);
        assert_eq!(pauses[11], 30_000);
        assert_eq!(after_death(9, Duration::from_secs(60), false), (1, Duration::ZERO));
        assert_eq!(after_death(3, Duration::from_secs(1), true), (0, Duration::ZERO));
    }

    #[test]
    fn retries_double_up_to_ten_minutes() {
        let first = Duration::from_secs(1);
        assert_eq!(retry_pause(first, 1), first);
        assert_eq!(retry_pause(first, 3), Duration::from_secs(4));
        assert_eq!(retry_pause(first, 40), Duration::from_secs(600));
    }
}
