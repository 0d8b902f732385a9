//! The server's socket, reached through its folder.
//!
//! A socket's path may have at most 107 bytes; a state folder's may be longer. So the folder is opened, and the socket
//! is named `/proc/self/fd/N/server.sock`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UnixStream;

use crate::ClientError;

/// The name of the socket in the state folder.
pub const NAME: &str = "server.sock";

/// An opened state folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: Arc<Path>,
    file: Arc<File>,
}

impl Folder {
    /// Opens a state folder; one that is not there has no server.
    pub fn open(home: &Path) -> Result<Folder, ClientError> {
        match File::open(home) {
            Ok(file) => Ok(Folder { path: home.into(), file: Arc::new(file) }),
            Err(error) => Err(refused(home, error)),
        }
    }

    /// The way to its socket, however long its own path is. It leads there as long as this value lives.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{NAME}", self.file.as_raw_fd()))
    }

    pub(crate) async fn connect(&self) -> Result<UnixStream, ClientError> {
        UnixStream::connect(self.socket()).await.map_err(|error| refused(&self.path, error))
    }
}

/// Nothing there, or somebody who left his socket behind, is no server; nor is one that ended before it took the
/// connection, which the kernel then resets. Anything else is trouble.
fn refused(home: &Path, error: io::Error) -> ClientError {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound, PermissionDenied};
    match error.kind() {
        NotFound | ConnectionRefused | ConnectionReset => ClientError::NotRunning { home: home.to_owned() },
        PermissionDenied => ClientError::Forbidden { home: home.to_owned() },
        _ => ClientError::Transport { doing: "connecting to the server".to_owned(), source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::os::unix::net::UnixListener;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::{Folder, NAME};
    use crate::ClientError;

    #[tokio::test]
    async fn a_server_that_ends_before_it_takes_the_connection_does_not_run() {
        let home = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(home.path().join(NAME)).unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let mut connecting = pin!(folder.connect());
        // The first poll connects; that it succeeded is heard of by the next, and the server ends in between.
        assert!(connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(listener);
        let error = connecting.await.unwrap_err();
        assert!(matches!(error, ClientError::NotRunning { .. }), "{error:?}");
    }
}
