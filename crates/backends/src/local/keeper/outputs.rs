//! Keeps an output file within its limit without blocking the program that writes it, and without moving a byte:
//! the middle is freed by punching a hole, so that whoever follows the file keeps a true offset.
//!
//! The first eighth of the limit and the last seven eighths are kept. The freed range is told in `<file>.gap` before
//! it is freed, so that no reader takes zeros for output.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FallocateFlags;

const CALM: Duration = Duration::from_secs(1);
const FLOOD: Duration = Duration::from_millis(50);
/// Holes begin and end on these, since smaller ones free nothing.
const BLOCK: u64 = 4096;

/// One output file with its limit.
pub(super) struct Output {
    path: PathBuf,
    limit: u64,
    seen: u64,
    gap_end: u64,
    due: Duration,
}

impl Output {
    /// Watches a file.
    pub(super) fn new(path: PathBuf, limit: u64, now: Duration) -> Self {
        Self {
            path,
            limit,
            seen: 0,
            gap_end: 0,
            due: now,
        }
    }

    /// When the next look is due.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// Looks at the file, if that is due, and frees its middle when it has outgrown its limit.
    pub(super) fn look(&mut self, now: Duration) -> io::Result<()> {
        if now < self.due {
            return Ok(());
        }
        let size = match fs::metadata(&self.path) {
            Ok(meta) => meta.len(),
            Err(_) => self.seen,
        };
        let grown = size.saturating_sub(self.seen);
        self.seen = size;
        self.due = now + if grown > self.limit / 8 { FLOOD } else { CALM };
        match gap(size, self.limit) {
            Some((start, end)) if end > self.gap_end => self.free(start, end),
            _ => Ok(()),
        }
    }

    fn free(&mut self, start: u64, end: u64) -> io::Result<()> {
        write_gap(&self.path, start, end)?;
        let file = OpenOptions::new().write(true).open(&self.path)?;
        let from = start.max(self.gap_end);
        punch(&file, from, end - from)?;
        self.gap_end = end;
        Ok(())
    }
}

/// The range to free of a file of that size.
fn gap(size: u64, limit: u64) -> Option<(u64, u64)> {
    if size <= limit {
        return None;
    }
    let start = (limit / 8).next_multiple_of(BLOCK);
    let end = size.saturating_sub(limit - limit / 8) / BLOCK * BLOCK;
    (start < end).then_some((start, end))
}

fn write_gap(path: &Path, start: u64, end: u64) -> io::Result<()> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    fs::write(with(".gap.new"), format!("{start} {end}\n"))?;
    fs::rename(with(".gap.new"), with(".gap"))
}

fn punch(file: &File, start: u64, length: u64) -> io::Result<()> {
    let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(rustix::fs::fallocate(file, mode, start, length)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_first_eighth_and_the_last_seven_are_kept() {
        assert_eq!(gap(80_000, 80_000), None);
        let (start, end) = gap(1_000_000, 80_000).expect("a gap");
        assert!(start >= 10_000 && 1_000_000 - end >= 70_000);
        assert!((end - start) % BLOCK == 0);
        assert_eq!(gap(2000, 1000), None, "smaller than a block");
    }

    #[test]
    fn a_file_that_outgrows_its_limit_loses_its_middle_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        fs::write(&path, vec![b'a'; 1 << 20]).expect("write");
        let mut output = Output::new(path.clone(), 256 << 10, Duration::ZERO);
        output.look(Duration::ZERO).expect("punched");
        let meta = fs::metadata(&path).expect("meta");
        assert_eq!(meta.len(), 1 << 20);
        assert!(
            meta.blocks() * 512 <= 300 << 10,
            "{} bytes are held",
            meta.blocks() * 512
        );
        let told = fs::read_to_string(folder.path().join("out.gap")).expect("told");
        assert_eq!(told, format!("{} {}\n", 32 << 10, (1 << 20) - (224 << 10)));
        let text = fs::read(&path).expect("read");
        assert!(
            text[..32 << 10].iter().all(|b| *b == b'a')
                && text[(1 << 20) - (224 << 10)..].iter().all(|b| *b == b'a')
        );
    }
}
