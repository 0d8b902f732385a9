//! What our own processes do about their size when nothing happens.
//!
//! Every page of the program that was ever touched stays mapped, and what many threads freed is kept for as many to
//! come: megabytes that a sleeping process has no use for. The pages are those of the program's file, unchanged: the
//! kernel has them at hand, and the next touch maps them again.
#![expect(unsafe_code, reason = "system calls without a safe wrapper")]

use std::ops::Range;
use std::os::unix::fs::MetadataExt;

/// Lets go of the program's own pages and of the heap's free memory. Best effort: a system that does not say what is
/// mapped costs memory, nothing else.
pub fn let_go() {
    let program = std::fs::metadata("/proc/self/exe").map(|program| program.ino());
    let Ok(program) = program else { return };
    // The program stays mapped where it is for as long as the process lives. Another file's mapping could have been
    // replaced by another thread since the look at it, by memory in use.
    let_go_of(|file| file.inode == program);
}

/// The same with the pages of all files. For a process of one thread: see [`let_go`].
pub(crate) fn let_go_of_all() {
    let_go_of(|_| true);
}

fn let_go_of(which: impl Fn(&UnchangedFile) -> bool) {
    let mapped = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for UnchangedFile { range, .. } in unchanged_files(&mapped).into_iter().filter(which) {
        // SAFETY: the mapping cannot be written to and has no private pages, so what is read there stays the same.
        unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED) };
    }
    // SAFETY: it touches nothing that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Where a file is mapped that this process can neither write nor has changed.
#[derive(Debug, PartialEq)]
struct UnchangedFile {
    range: Range<usize>,
    inode: u64,
}

/// All of them. What the loader changed at the start and protected then looks alike but for its private pages, which
/// exist nowhere else.
fn unchanged_files(smaps: &str) -> Vec<UnchangedFile> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        if let Some(file) = mapping(line) {
            candidate = file;
        } else if let Some(private) = line.strip_prefix("Anonymous:") {
            found.extend(candidate.take().filter(|_| private.trim() == "0 kB"));
        }
    }
    found
}

/// The file of a mapping's first line; nothing inside when it is not a file's, or may be written. Nothing at all for
/// another line.
fn mapping(line: &str) -> Option<Option<UnchangedFile>> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    let range = number(from)?..number(to)?;
    let (modes, inode) = (words.next()?, words.nth(2)?.parse().ok()?);
    let quiet = modes.starts_with('r') && !modes.contains('w') && inode != 0;
    Some(quiet.then_some(UnchangedFile { range, inode }))
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
        let of = |range| UnchangedFile { range, inode: 5_310_874 };
        let expected = [of(0x55eb_9031_7000..0x55eb_9078_7000), of(0x55eb_9078_7000..0x55eb_9167_4000)];
        assert_eq!(unchanged_files(SMAPS), expected);
    }

    /// A process goes on after it, and is smaller; also when its other threads use what was let go of.
    #[test]
    fn what_was_let_go_of_comes_back() {
        let resident = || {
            let text = std::fs::read_to_string("/proc/self/statm").unwrap();
            text.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
        };
        let parse = || (0..200).for_each(|_| assert_eq!(unchanged_files(SMAPS).len(), 2));
        let before = resident();
        let_go();
        assert!(resident() < before);
        std::thread::scope(|scope| {
            let other = scope.spawn(parse);
            while !other.is_finished() {
                let_go();
            }
        });
        parse();
    }
}
