//! The descriptors that a member begins with.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::connection::Lines;
use super::trouble;
use super::wire::{Launch, Stdin, WireError};

/// Its descriptors, and our ends of them.
pub(super) struct Stdio {
    /// stdin, stdout, stderr, status.
    pub(super) theirs: [OwnedFd; 4],
    pub(super) status: Lines,
    pub(super) stdin: Option<OwnedFd>,
}

/// Opens everything that this launch names.
pub(super) fn open(launch: &Launch) -> Result<Stdio, WireError> {
    let trouble = |what: &str, path: &Path, error: io::Error| {
        let message = format!(
            "the {what} `{}` of `{}` cannot be opened: {error}",
            path.display(),
            launch.key
        );
        trouble::of_files("files", message, &error)
    };
    let fifo = launch.folder.join("stdin");
    let (stdin, ours) = match launch.stdin {
        Stdin::Null => (File::open("/dev/null").map(OwnedFd::from), None),
        Stdin::Fifo => match open_fifo(&fifo) {
            Ok((theirs, ours)) => (Ok(theirs), Some(ours)),
            Err(error) => (Err(error), None),
        },
    };
    let stdin = stdin.map_err(|error| trouble("standard input", &fifo, error))?;
    let output = |what, path: &Path| append(path).map_err(|error| trouble(what, path, error));
    let stdout = output("standard output", &launch.stdout)?;
    let stderr = output("standard error", &launch.stderr)?;
    let (status, theirs) =
        status_pair().map_err(|error| trouble("status socket", Path::new("-"), error))?;
    Ok(Stdio {
        theirs: [stdin, stdout, stderr, theirs],
        status,
        stdin: ours,
    })
}

fn append(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?
        .into())
}

/// Opens both ends in an order in which neither waits for the other.
fn open_fifo(path: &Path) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let reader = rustix::fs::open(path, flags, Mode::empty())?;
    if !rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&reader)?.st_mode).is_fifo() {
        return Err(io::Error::other("it is not a FIFO"));
    }
    let writer = open_writer(path)?;
    rustix::fs::fcntl_setfl(&reader, OFlags::empty())?;
    Ok((reader, writer))
}

/// Holds a FIFO's writing end, so that its reader does not see an end.
pub(super) fn open_writer(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn status_pair() -> io::Result<(Lines, OwnedFd)> {
    let (ours, theirs) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((Lines::new(ours), theirs))
}

/// A file that has no name and holds this text, to be read from its beginning.
pub(super) fn in_memory(name: &str, text: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(text)?;
    file.rewind()?;
    Ok(file.into())
}
