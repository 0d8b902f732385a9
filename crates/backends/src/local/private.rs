//! Files and folders that nobody else may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes temporary names differ between writers of the same file.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// Makes a folder and those above it, each 0700; one that is there stays as it is.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file whole, 0600: to a temporary name first, so that nobody ever sees a part of it.
pub(super) fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, |_| Ok(()))
}

/// The same, and on the disk before it has its name: not even a machine that loses its power sees a part of it.
pub(super) fn write_file_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, File::sync_all)
}

fn write(path: &Path, content: &[u8], finish: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
    let temporary = path.with_file_name(name);
    let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    finish(&file)?;
    drop(file);
    std::fs::rename(&temporary, path)
}
