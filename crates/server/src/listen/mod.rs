//! Where requests come in: the state folder's socket, and a loopback port for browsers.

mod connection;
mod folder;
pub(crate) mod owner;
mod tcp;
mod unix;

pub(crate) use folder::Folder;
pub use folder::FolderError;
pub(crate) use tcp::{accept as accept_tcp, bind as bind_tcp};
pub(crate) use unix::{NAME as SOCKET, accept as accept_unix, bind as bind_unix};

/// What an accept that failed asks for: usually there are too many open files, and trying at once would spin.
async fn pause(error: &std::io::Error) {
    tracing::error!(error = %error, "a connection could not be accepted");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}
