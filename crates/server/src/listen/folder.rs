//! The state folder: private, opened once, so that the socket in it is reached however long its path is.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a folder cannot hold state.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be made or opened.
    #[error("the state folder `{}` cannot be used: {source}\nhint: set `CADDIS_HOME` to a folder that you can write to", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may look into it, or it is somebody else's.
    #[error(
        "the state folder `{}` is not private (mode {mode:o}, owner {uid})\nhint: `chmod 700` it, or set `CADDIS_HOME` to a folder of your own",
        path.display()
    )]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner.
        uid: u32,
    },
}

/// The opened state folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    file: File,
}

impl Folder {
    /// Makes it (0700) where there is none, and refuses one that others could look into.
    pub(crate) fn open(path: &Path) -> Result<Folder, FolderError> {
        let trouble = |source| FolderError::Unusable { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(trouble)?;
        let file = File::open(path).map_err(trouble)?;
        let meta = file.metadata().map_err(trouble)?;
        let (mode, uid) = (meta.mode() & 0o7777, meta.uid());
        if uid != rustix::process::geteuid().as_raw() || mode & 0o077 != 0 {
            return Err(FolderError::NotPrivate { path: path.to_owned(), mode, uid });
        }
        Ok(Folder { path: path.to_owned(), file })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A short way to a name in it, good while this value lives: a socket's path may have at most 107 bytes.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.file.as_raw_fd()))
    }

    /// Removes a name from it, if it is there.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.at(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}
