//! What `/proc` tells about a process.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags};

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stat {
    /// `R`, `S`, `Z` and so on.
    pub(super) state: u8,
    /// Its parent.
    pub(super) parent: i32,
    /// Ticks of user and system time.
    pub(super) ticks: u64,
    /// Ticks since boot.
    pub(super) start_time: u64,
    /// Resident pages.
    pub(super) resident: u64,
    /// The wait(2) status, of a zombie.
    pub(super) exit_code: i32,
}

impl Stat {
    /// Whether it only waits for its parent to look.
    pub(super) fn gone(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// Reads `/proc/PID/stat`.
pub(super) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name in the second field may hold spaces and brackets: everything counts from the last bracket.
fn parse_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |field: usize| {
        fields
            .get(field - 3)
            .and_then(|text| text.parse::<i64>().ok())
    };
    let unsigned = |field: usize| number(field).and_then(|n| u64::try_from(n).ok());
    Some(Stat {
        state: *fields.first()?.as_bytes().first()?,
        parent: i32::try_from(number(4)?).ok()?,
        ticks: unsigned(14)? + unsigned(15)?,
        start_time: unsigned(22)?,
        resident: unsigned(24)?,
        exit_code: number(52).and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
    })
}

/// Every process that can be seen.
pub(super) fn all_pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Its children, of all its threads.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_ascii_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A descriptor of the process that has this pid at this moment.
pub(super) fn open(pid: i32) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(rustix::process::pidfd_open(pid, PidfdFlags::empty())?)
}

/// Its `statm`, to be read again and again: the descriptor stays with this process, whoever gets its pid.
pub(super) fn open_statm(pid: i32) -> Option<OwnedFd> {
    let path = format!("/proc/{pid}/statm");
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// Resident bytes from an open `statm`.
pub(super) fn resident(statm: &OwnedFd) -> Option<u64> {
    let mut buffer = [0u8; 128];
    let n = rustix::io::pread(statm, &mut buffer, 0).ok()?;
    let text = str::from_utf8(buffer.get(..n)?).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_size())
}

/// Proportional bytes: shared pages are divided among their holders. Dear to read: 4 ms a gigabyte.
pub(super) fn proportional(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_ascii_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Bytes of a page.
pub(super) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// Seconds of so many clock ticks.
pub(super) fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second().max(1) as f64
}

/// Names this boot of the machine.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let mut fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        fields.insert(0, "Z".into());
        let text = format!("77 (a) b) {}", fields.join(" "));
        let stat = parse_stat(&text).expect("parses");
        assert_eq!(stat.parent, 4);
        assert_eq!(stat.ticks, 14 + 15);
        assert_eq!(stat.start_time, 22);
        assert_eq!(stat.resident, 24);
        assert_eq!(stat.exit_code, 52);
        assert!(stat.gone());
    }

    #[test]
    fn we_see_ourselves() {
        let pid = rustix::process::getpid().as_raw_pid();
        let stat = stat(pid).expect("our own stat");
        assert!(!stat.gone() && stat.resident > 0);
        assert!(resident(&open_statm(pid).expect("statm")).expect("resident") > 0);
        assert!(proportional(pid).expect("smaps_rollup") > 0);
        assert!(all_pids().contains(&pid));
        assert_eq!(boot_id().len(), 36);
    }
}
