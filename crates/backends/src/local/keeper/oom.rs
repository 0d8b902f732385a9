//! Whether a SIGKILL that nobody of us sent came from the kernel's OOM killer: its counters rose since the last look.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The counters as last seen.
pub(super) struct OomCounter {
    files: Vec<PathBuf>,
    seen: u64,
    rose: Option<Duration>,
}

/// From the kernel's decision to the end of a process it may take so long: much memory has to be given back.
const AFTERMATH: Duration = Duration::from_secs(5);

impl OomCounter {
    /// Remembers the counters as they are now.
    pub(super) fn new() -> Self {
        let mut counter = Self {
            files: files(),
            seen: 0,
            rose: None,
        };
        counter.look(Duration::ZERO);
        counter.rose = None;
        counter
    }

    /// Whether the kernel killed somebody just now. Looking often keeps another program's old death out of it.
    pub(super) fn look(&mut self, now: Duration) -> bool {
        let count = self
            .files
            .iter()
            .filter_map(|file| count(&fs::read_to_string(file).ok()?))
            .sum();
        if count > self.seen {
            self.rose = Some(now);
        }
        self.seen = count;
        self.rose.is_some_and(|rose| now < rose + AFTERMATH)
    }
}

/// The whole machine's counter, and that of our own memory cgroup, which a container may show instead.
fn files() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let cgroups = own.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => Some(
                PathBuf::from("/sys/fs/cgroup")
                    .join(path)
                    .join("memory.events"),
            ),
            "memory" => Some(
                PathBuf::from("/sys/fs/cgroup/memory")
                    .join(path)
                    .join("memory.oom_control"),
            ),
            _ => None,
        }
    });
    let all = std::iter::once(PathBuf::from("/proc/vmstat")).chain(cgroups);
    all.filter(|file| fs::read_to_string(file).is_ok_and(|text| count(&text).is_some()))
        .collect()
}

fn count(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_counter_are_understood() {
        assert_eq!(
            count("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
            Some(3)
        );
        assert_eq!(count("low 0\noom 1\noom_kill 2\n"), Some(2));
        assert_eq!(count("nr_free 2\n"), None);
    }

    #[test]
    fn a_rise_is_told_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vmstat");
        let at = Duration::from_secs;
        fs::write(&file, "oom_kill 1\n").expect("write");
        let mut counter = OomCounter {
            files: vec![file.clone()],
            seen: 1,
            rose: None,
        };
        assert!(!counter.look(at(1)));
        fs::write(&file, "oom_kill 2\n").expect("write");
        assert!(counter.look(at(2)) && counter.look(at(3)));
        assert!(!counter.look(at(7)));
    }
}
