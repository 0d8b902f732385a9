//! Waiting until a descriptor can be read. All `unsafe` of this crate is here.
#![expect(unsafe_code, reason = "the safe constructor of `AsyncFd` is deprecated as unsound for other types than this")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Waits for a descriptor in the runtime that calls this.
pub(crate) fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` stays open, under the same number, until it is dropped, and the answer owns it.
    let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    registered.map_err(io::Error::from)
}
