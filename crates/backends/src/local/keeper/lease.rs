//! The lease of a cluster: a file that somebody touches for as long as somebody wants the cluster.
//!
//! The scheduler closes by itself when nobody does (`caddis.runtime.lease`). This stands behind it: for a scheduler that
//! is stuck or stopped, and for what has outlived one. Only that the file was touched counts, not when by the wall clock:
//! a date that is set forward ends nobody. Time during which the machine slept does not count either, so a laptop that
//! wakes up has not lost its clusters.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keeper::Keeper;
use super::say;
use super::sweep::Scope;
use super::wire::{KilledBy, Rung, SignalName};

/// Politely first; the member's own hard end is due 2 s after a signal.
const LADDER: [Rung; 2] = [
    Rung {
        signal: SignalName::Int,
        wait_ms: 2000,
    },
    Rung {
        signal: SignalName::Term,
        wait_ms: 2000,
    },
];

/// One cluster's lease, as this keeper has seen it.
pub(super) struct Lease {
    path: PathBuf,
    /// How long it lasts after it was touched.
    lasts: Duration,
    touched: Option<(i64, i64)>,
    seen: Duration,
    lapsed: bool,
}

impl Lease {
    /// A lease that is seen for the first time: how old it is cannot be known, so it is taken for new.
    fn new(path: PathBuf, lasts: Duration, now: Duration) -> Self {
        Self {
            touched: last_touch(&path),
            path,
            lasts,
            seen: now,
            lapsed: false,
        }
    }

    /// Looks at the file; says whether nobody wants the cluster any more. That is final.
    fn look(&mut self, now: Duration) -> bool {
        let touched = last_touch(&self.path);
        if touched.is_some() && touched != self.touched {
            (self.touched, self.seen) = (touched, now);
        }
        self.lapsed |= now.saturating_sub(self.seen) > self.lasts;
        self.lapsed
    }
}

/// When a file was touched, by whatever clock. A file that is gone is not touched any more.
fn last_touch(path: &Path) -> Option<(i64, i64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.mtime(), meta.mtime_nsec()))
}

impl Keeper {
    /// Whether a cluster is being ended of which something may be left when its members are gone.
    pub(super) fn has_lapsed_lease(&self) -> bool {
        self.leases.values().any(|lease| lease.lapsed)
    }

    /// Ends the clusters that nobody wants any more.
    pub(super) fn watch_leases(&mut self, now: Duration) {
        let leased = self.leased();
        let mut leases = std::mem::take(&mut self.leases);
        leases.retain(|cluster, lease| {
            let lives = leased.contains_key(cluster);
            if !lives && lease.lapsed {
                self.sweep(Scope::Cluster(cluster.clone()), now);
            }
            lives
        });
        for (cluster, (path, lasts)) in leased {
            let lease = leases
                .entry(cluster.clone())
                .or_insert_with(|| Lease::new(path, lasts, now));
            let was = lease.lapsed;
            if lease.look(now) {
                if !was {
                    let seconds = lease.lasts.as_secs();
                    say(&format!(
                        "the lease of `{cluster}` was not renewed for {seconds} s: it is ended"
                    ));
                }
                self.end_lapsed(&cluster, now);
            }
        }
        self.leases = leases;
    }

    /// The clusters with a living member that is under a lease.
    fn leased(&self) -> BTreeMap<String, (PathBuf, Duration)> {
        let living = self
            .members
            .values()
            .filter(|member| member.process.is_some());
        let lease = |member: &super::member::Member| {
            let keep = &member.stored.keep;
            let lasts = Duration::from_secs(keep.lease_seconds?) + self.options.lease_slack;
            Some((
                member.record().cluster.clone(),
                (keep.lease.clone()?, lasts),
            ))
        };
        living.filter_map(lease).collect()
    }

    fn end_lapsed(&mut self, cluster: &str, now: Duration) {
        let of_cluster = self
            .members
            .iter()
            .filter(|(_, member)| member.record().cluster == cluster && member.ladder.is_none());
        let alive = of_cluster.filter(|(_, member)| member.record().alive());
        for key in alive.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.end(&key, KilledBy::Lease, LADDER.to_vec(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_touch_counts_whatever_the_wall_clock_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lease");
        let touch = |wall: u64| {
            let file = File::create(&path).expect("a file");
            file.set_modified(SystemTime::UNIX_EPOCH + at(wall))
                .expect("touched");
        };
        touch(1_000_000);
        let mut lease = Lease::new(path.clone(), at(100), at(0));
        assert!(!lease.look(at(100)));
        // The date was set back by a week and more, and forward again.
        touch(1);
        assert!(!lease.look(at(150)) && !lease.look(at(250)));
        touch(2_000_000_000);
        assert!(!lease.look(at(251)) && !lease.look(at(351)));
        assert!(lease.look(at(352)), "nobody touched it for longer than it lasts");
        touch(2_000_000_001);
        assert!(lease.look(at(353)), "what was begun is not undone");
    }

    #[test]
    fn a_file_that_is_gone_is_not_touched_and_one_that_comes_back_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lease");
        let mut lease = Lease::new(path.clone(), at(10), at(0));
        assert!(!lease.look(at(10)));
        File::create(&path).expect("a file");
        assert!(!lease.look(at(11)));
        std::fs::remove_file(&path).expect("gone");
        assert!(!lease.look(at(21)));
        assert!(lease.look(at(22)));
    }
}
