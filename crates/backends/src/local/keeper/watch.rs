//! The memory limit of one member, at little cost.
//!
//! Resident size is cheap to read, but of a forked member it counts some 130 MB that it shares with its siblings. The
//! proportional size is fair, but dear (4 ms a gigabyte). So: resident size often, proportional size at most twice a
//! second and only near the limit; in between it is estimated as resident size less what was shared at the last look.
//! An estimate above the limit is confirmed by a look at once, so nobody waits for the half second, and nobody is
//! killed on a guess.

use std::os::fd::OwnedFd;
use std::time::Duration;

use super::proc;

const CLOSE: Duration = Duration::from_millis(50);
const FAR: Duration = Duration::from_millis(200);
const BETWEEN_DEAR_LOOKS: Duration = Duration::from_millis(500);
/// Above this share of its limit a member is looked at every 50 ms.
const NEAR: f64 = 0.5;
/// Above this share the proportional size is wanted.
const VERY_NEAR: f64 = 0.8;

/// The limit of one member, and when it was last looked at.
pub(super) struct Watch {
    statm: OwnedFd,
    pid: i32,
    limit: u64,
    terminate: f64,
    due: Duration,
    dear: Option<Dear>,
}

/// The last look at the proportional size.
#[derive(Clone, Copy)]
struct Dear {
    at: Duration,
    shared: u64,
}

/// What a look showed.
#[derive(Debug, PartialEq)]
pub(super) struct Sight {
    pub(super) rss: u64,
    /// It is above its limit: with the proportional size, where that could be read.
    pub(super) over: Option<Option<u64>>,
}

impl Watch {
    /// Watches a process; nothing when it is gone already.
    pub(super) fn new(pid: i32, limit: u64, terminate: f64, now: Duration) -> Option<Self> {
        Some(Self {
            statm: proc::open_statm(pid)?,
            pid,
            limit,
            terminate,
            due: now,
            dear: None,
        })
    }

    /// When the next look is due.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// The limit in bytes.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Looks, if that is due. `slower` stretches the waits when there are many to look at.
    pub(super) fn look(&mut self, now: Duration, slower: u32) -> Option<Sight> {
        if now < self.due {
            return None;
        }
        let rss = proc::resident(&self.statm).unwrap_or(0);
        let share = rss as f64 / self.limit as f64;
        self.due = now + slower * if share > NEAR { CLOSE } else { FAR };
        Some(Sight {
            rss,
            over: self.judge(rss, now, proc::proportional),
        })
    }

    fn judge(
        &mut self,
        rss: u64,
        now: Duration,
        pss_of: impl Fn(i32) -> Option<u64>,
    ) -> Option<Option<u64>> {
        let ceiling = (self.limit as f64 * self.terminate) as u64;
        if (rss as f64) < self.limit as f64 * VERY_NEAR {
            return None;
        }
        let rested = self
            .dear
            .is_none_or(|dear| now >= dear.at + BETWEEN_DEAR_LOOKS);
        let estimate = self
            .dear
            .map_or(rss, |dear| rss.saturating_sub(dear.shared));
        if !rested && estimate <= ceiling {
            return None;
        }
        let pss = pss_of(self.pid);
        self.dear = Some(Dear {
            at: now,
            shared: rss.saturating_sub(pss.unwrap_or(rss)),
        });
        (pss.unwrap_or(rss) > ceiling).then_some(pss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(limit: u64) -> Watch {
        let pid = rustix::process::getpid().as_raw_pid();
        Watch::new(pid, limit, 0.98, Duration::ZERO).expect("ourselves")
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn below_four_fifths_the_dear_look_is_spared() {
        assert_eq!(watch(1000).judge(799, at(0), |_| panic!("dear")), None);
    }

    #[test]
    fn shared_pages_kill_nobody() {
        let mut watch = watch(1000);
        assert_eq!(watch.judge(1100, at(0), |_| Some(900)), None);
        assert_eq!(
            watch.judge(1150, at(50), |_| panic!("estimate is 950")),
            None
        );
    }

    #[test]
    fn growth_between_two_dear_looks_is_not_waited_for() {
        let mut watch = watch(1000);
        assert_eq!(watch.judge(1100, at(0), |_| Some(900)), None);
        assert_eq!(watch.judge(1200, at(50), |_| Some(1000)), Some(Some(1000)));
    }

    #[test]
    fn where_the_dear_look_is_refused_resident_size_decides() {
        assert_eq!(watch(1000).judge(981, at(0), |_| None), Some(None));
        assert_eq!(watch(1000).judge(979, at(0), |_| None), None);
    }

    #[test]
    fn a_real_look_sees_a_real_size_and_comes_again() {
        let mut watch = watch(1 << 40);
        let sight = watch.look(at(0), 1).expect("due");
        assert!(sight.rss > 0 && sight.over.is_none());
        assert_eq!(watch.look(at(199), 1), None);
        assert!(watch.look(at(200), 1).is_some());
    }
}
