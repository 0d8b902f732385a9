//! The writing end of a script's pipe, without ever blocking a thread.

use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::io::Errno;
use tokio::net::unix::pipe::{OpenOptions, Sender};

/// Opens it; nothing when it is not there, or nobody reads from it.
pub(super) fn open(path: &Path) -> io::Result<Option<Sender>> {
    match OpenOptions::new().open_sender(path) {
        Ok(pipe) => Ok(Some(pipe)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}
