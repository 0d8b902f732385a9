//! Politely first: signals with waits between them, SIGKILL at the end whatever happens.

use std::time::Duration;

use super::wire::{Rung, SignalName};

/// The steps that are still to be taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ladder {
    left: Vec<Rung>,
    due: Duration,
}

impl Ladder {
    /// A ladder whose first step is due now.
    pub(super) fn new(rungs: Vec<Rung>, now: Duration) -> Self {
        Self {
            left: rungs,
            due: now,
        }
    }

    /// When the next step is due.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// Takes the step that is due. At its end that is SIGKILL, again every second, should anything have survived it.
    pub(super) fn step(&mut self, now: Duration) -> Option<SignalName> {
        if now < self.due {
            return None;
        }
        if self.left.is_empty() {
            self.due = now + Duration::from_secs(1);
            return Some(SignalName::Kill);
        }
        let rung = self.left.remove(0);
        self.due = now + Duration::from_millis(rung.wait_ms);
        Some(rung.signal)
    }

    /// Whether this one comes to SIGKILL before the other.
    pub(super) fn hurries(&self, other: &Self) -> bool {
        self.end() < other.end()
    }

    fn end(&self) -> Duration {
        self.due
            + self
                .left
                .iter()
                .map(|rung| Duration::from_millis(rung.wait_ms))
                .sum::<Duration>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn rung(signal: SignalName, wait_ms: u64) -> Rung {
        Rung { signal, wait_ms }
    }

    #[test]
    fn the_steps_come_in_order_and_end_in_kill() {
        let mut ladder = Ladder::new(
            vec![rung(SignalName::Int, 100), rung(SignalName::Term, 50)],
            at(0),
        );
        assert_eq!(ladder.step(at(0)), Some(SignalName::Int));
        assert_eq!(ladder.step(at(99)), None);
        assert_eq!(ladder.step(at(100)), Some(SignalName::Term));
        assert_eq!(ladder.step(at(149)), None);
        assert_eq!(ladder.step(at(150)), Some(SignalName::Kill));
        assert_eq!(ladder.step(at(151)), None);
    }

    #[test]
    fn only_a_ladder_that_ends_earlier_hurries() {
        let mut slow = Ladder::new(vec![rung(SignalName::Int, 2000)], at(0));
        slow.step(at(0));
        assert!(Ladder::new(vec![], at(10)).hurries(&slow));
        assert!(Ladder::new(vec![rung(SignalName::Term, 100)], at(10)).hurries(&slow));
        assert!(!Ladder::new(vec![rung(SignalName::Int, 2000)], at(10)).hurries(&slow));
    }
}
