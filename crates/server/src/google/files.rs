//! The files of this room. All are their owner's alone.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::GoogleError;

pub(super) const CA: &str = "ca.pem";
pub(super) const CA_KEY: &str = "ca.key";
pub(super) const ROOTS: &str = "roots.pem";
pub(super) const ACCOUNT: &str = "service-account.json";
pub(super) const TOKEN: &str = "token";
pub(super) const STORAGE_SECRET: &str = "storage-secret";
pub(super) const STORAGE: &str = "storage";

/// Makes the folder, 0700.
pub(super) fn make_folder(path: &Path) -> Result<(), GoogleError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| GoogleError::File { path: path.to_owned(), doing: "made", source })
}

/// The content of a file; nothing when it is not there.
pub(super) fn read(path: &Path) -> Result<Option<String>, GoogleError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GoogleError::File { path: path.to_owned(), doing: "read", source }),
    }
}

/// Writes a file whole, 0600: nobody ever sees a part of it.
pub(super) fn write(path: &Path, content: &str) -> Result<(), GoogleError> {
    let temporary = path.with_extension("new");
    let failed = |source| GoogleError::File { path: path.to_owned(), doing: "written", source };
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
}
