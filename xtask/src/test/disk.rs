//! Room on the disk: a run that fills it fails in places that say nothing of it.

use crate::process;

/// What every tier together writes from a clean checkout, bytes; measured at 14 GB.
const WHOLE: u64 = 15 << 30;
/// The same of the newcomer's tiers; measured at 8 GB.
const NEWCOMER: u64 = 9 << 30;

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
