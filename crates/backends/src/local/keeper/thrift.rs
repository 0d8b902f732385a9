//! What the keeper does about its own size when nothing happens.
//!
//! It is the same program as the server, so every page of it that was ever touched stays mapped: some megabytes that
//! a sleeping keeper has no use for. A while after the last word they are let go of. They are pages of the program's
//! file, unchanged: the kernel has them at hand, and the next turn maps again what it needs.

use std::ops::Range;
use std::time::Duration;

use super::keeper::Keeper;
use super::{clock, sys};

/// Nothing was said to us for so long.
const QUIET: Duration = Duration::from_secs(2);

impl Keeper {
    /// Something was said: the program is in use.
    pub(super) fn is_in_use(&mut self) {
        self.thrift_due = Some(clock::now() + QUIET);
    }

    /// Lets go of what only the last busy while needed, once after each.
    pub(super) fn be_thrifty(&mut self, now: Duration) {
        if self.thrift_due.is_some_and(|due| due <= now) {
            self.thrift_due = None;
            let_go();
        }
    }
}

/// Best effort: a system that does not say what is mapped costs memory, nothing else.
fn let_go() {
    let Ok(mapped) = std::fs::read_to_string("/proc/self/smaps") else {
        return;
    };
    for file in unchanged_files(&mapped) {
        sys::let_go(&file);
    }
    sys::trim_heap();
}

/// Where a file is mapped that this process can neither write nor has changed.
#[derive(Debug, PartialEq)]
pub(super) struct UnchangedFile(Range<usize>);

impl UnchangedFile {
    /// Its addresses.
    pub(super) fn range(&self) -> &Range<usize> {
        &self.0
    }
}

/// All of them. What the loader changed at the start and protected then looks alike but for its private pages, which
/// exist nowhere else.
fn unchanged_files(smaps: &str) -> Vec<UnchangedFile> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        if let Some(range) = mapping(line) {
            candidate = range;
        } else if let Some(private) = line.strip_prefix("Anonymous:") {
            let unchanged = candidate.take().filter(|_| private.trim() == "0 kB");
            found.extend(unchanged.map(UnchangedFile));
        }
    }
    found
}

/// The range of a mapping's first line; nothing inside when it is not a file's, or may be written. Nothing at all for
/// another line.
fn mapping(line: &str) -> Option<Option<Range<usize>>> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    let range = number(from)?..number(to)?;
    let (modes, inode) = (words.next()?, words.nth(2)?);
    let quiet = modes.starts_with('r') && !modes.contains('w') && inode != "0";
    Some(quiet.then_some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55eb90317000-55eb90787000 r--p 00000000 fe:00 5310874  /usr/bin/caddis
Rss:                1252 kB
Anonymous:             0 kB
55eb90787000-55eb91674000 r-xp 0046f000 fe:00 5310874  /usr/bin/caddis
Anonymous:             0 kB
55eb91674000-55eb916cf000 r--p 0135b000 fe:00 5310874  /usr/bin/caddis
Anonymous:           364 kB
55eb916cf000-55eb916d6000 rw-p 013b6000 fe:00 5310874  /usr/bin/caddis
Anonymous:             0 kB
7ffd1c5c9000-7ffd1c5cd000 r--p 00000000 00:00 0        [vvar]
Anonymous:             0 kB
";

    #[test]
    fn only_unchanged_pages_of_files_are_let_go_of() {
        assert_eq!(
            unchanged_files(SMAPS),
            [
                UnchangedFile(0x55eb_9031_7000..0x55eb_9078_7000),
                UnchangedFile(0x55eb_9078_7000..0x55eb_9167_4000)
            ]
        );
    }

    /// A process goes on after it, and is smaller.
    #[test]
    fn what_was_let_go_of_comes_back() {
        let resident = || {
            let text = std::fs::read_to_string("/proc/self/statm").unwrap();
            text.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
        };
        let before = resident();
        let_go();
        assert!(resident() < before);
        assert_eq!(unchanged_files(SMAPS).len(), 2);
    }
}
