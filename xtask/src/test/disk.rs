//! Room on the disk: a run that fills it fails in places that say nothing of it.

use crate::process;

/// What every tier together writes from a clean checkout, bytes; 12.6 GB were measured.
const WHOLE: u64 = 15 << 30;
/// The same of the newcomer's tiers, which keep what the next build needs; 9 GB were measured.
const NEWCOMER: u64 = 11 << 30;

/// Says so where less is free than a run from a clean checkout needs.
pub(super) fn notice(everything: bool) {
    let needed = if everything { WHOLE } else { NEWCOMER };
    let target = process::target();
    let existing = target.ancestors().find(|folder| folder.exists());
    let free = existing.and_then(|folder| rustix::fs::statvfs(folder).ok()).map(|disk| disk.f_bavail * disk.f_frsize);
    if let Some(free) = free.filter(|free| *free < needed) {
        println!(
            "notice: {} GiB are free for `{}`; from a clean checkout a run writes up to {} GiB",
            free >> 30,
            target.display(),
            needed >> 30
        );
    }
}
