//! One server a state folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{ServeError, io};
use crate::listen::Folder;

const NAME: &str = "server.lock";

/// Takes the lock; it lasts as long as the answer, whatever ends this process.
pub(super) fn take(folder: &Folder) -> Result<File, ServeError> {
    let doing = "take the lock of its state folder";
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(folder.at(NAME)).map_err(io(doing))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(taken(folder, file)),
        Err(error) => return Err(io(doing)(error.into())),
    }
    let written = file.set_len(0).and_then(|()| file.rewind());
    written.and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io(doing))?;
    Ok(file)
}

fn taken(folder: &Folder, mut file: File) -> ServeError {
    let mut by = String::new();
    let read = file.read_to_string(&mut by);
    let by = match by.trim() {
        pid if read.is_ok() && !pid.is_empty() => pid.to_owned(),
        _ => "unknown".to_owned(),
    };
    ServeError::Taken { home: folder.path().display().to_string(), by }
}
