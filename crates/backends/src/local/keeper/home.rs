//! The state folder as the keeper and its client reach it: private, locked by one keeper, with a socket in it.
//!
//! A socket's path may have at most 107 bytes, a state folder's may not be so short: so the socket is named through
//! the descriptor of the opened folder.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::KeeperError;

/// The opened state folder.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    folder: OwnedFd,
}

impl Home {
    /// Opens it, and refuses one that others could look into.
    pub(super) fn open(path: &Path) -> Result<Self, KeeperError> {
        let trouble = |source| KeeperError::Home {
            path: path.to_owned(),
            source,
        };
        let path = fs::canonicalize(path).map_err(trouble)?;
        let meta = fs::metadata(&path).map_err(trouble)?;
        if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o077 != 0 {
            return Err(KeeperError::NotPrivate {
                mode: meta.mode() & 0o7777,
                uid: meta.uid(),
                path,
            });
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder =
            rustix::fs::open(&path, flags, Mode::empty()).map_err(|error| trouble(error.into()))?;
        Ok(Self { path, folder })
    }

    /// Its canonical path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The way to its socket, however long its own path is.
    pub(super) fn socket(&self) -> PathBuf {
        PathBuf::from(format!(
            "/proc/self/fd/{}/keeper.sock",
            self.folder.as_raw_fd()
        ))
    }

    /// Takes the lock that only one keeper can have; it lasts as long as the descriptor.
    pub(super) fn lock(&self) -> Result<OwnedFd, KeeperError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(
            &self.folder,
            "keeper.lock",
            flags,
            Mode::from_raw_mode(0o600),
        )
        .map_err(|error| KeeperError::Home {
            path: self.path.clone(),
            source: error.into(),
        })?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(lock),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(KeeperError::Taken(self.path.clone())),
            Err(error) => Err(KeeperError::Home {
                path: self.path.clone(),
                source: error.into(),
            }),
        }
    }

    /// Listens. Only the holder of the lock may call it, since it takes the place of an older socket.
    pub(super) fn listen(&self) -> io::Result<OwnedFd> {
        match rustix::fs::unlinkat(&self.folder, "keeper.sock", AtFlags::empty()) {
            Err(error) if error != rustix::io::Errno::NOENT => return Err(error.into()),
            _ => {}
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(self.socket())?)?;
        rustix::fs::chmodat(
            &self.folder,
            "keeper.sock",
            Mode::from_raw_mode(0o600),
            AtFlags::empty(),
        )?;
        rustix::net::listen(&socket, 64)?;
        Ok(socket)
    }

    /// Takes the socket away at an orderly end.
    pub(super) fn unlisten(&self) {
        rustix::fs::unlinkat(&self.folder, "keeper.sock", AtFlags::empty()).ok();
    }

    /// Whether `folder` is where a member of this name belongs, whatever links its path goes through.
    pub(super) fn holds(&self, folder: &Path, cluster: &str, name: &str) -> io::Result<bool> {
        let expected = fs::metadata(self.member(cluster, name))?;
        let given = fs::metadata(folder)?;
        Ok(expected.is_dir() && (expected.dev(), expected.ino()) == (given.dev(), given.ino()))
    }

    /// The folder of a member.
    pub(super) fn member(&self, cluster: &str, name: &str) -> PathBuf {
        self.path
            .join("clusters")
            .join(cluster)
            .join("members")
            .join(name)
    }
}
