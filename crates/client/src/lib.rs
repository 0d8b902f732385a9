//! The typed client of the native API: one method an endpoint, over the server's Unix socket.
//!
//! What this room is for: talking to a server that runs. Deliberately absent: starting one (the binary does that),
//! retrying (whoever calls knows whether a call may be repeated), and anything of the server's own code.
//!
//! What always holds: a refusal is a [`ClientError::Problem`] with the server's own words; [`ClientError::NotRunning`]
//! means that certainly nothing was asked; a connection that was cut is [`ClientError::Transport`], after which it is
//! not known whether the call was made.

mod calls;
mod error;
mod exchange;
mod logs;
pub mod socket;
mod stdin;

use std::path::Path;

pub use calls::CostQuery;
pub use error::ClientError;
pub use logs::{CopyError, LogQuery, Logs};

use crate::socket::Folder;

/// A way to the server of one state folder. Clones share it; every request has a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    folder: Folder,
}

impl Client {
    /// Finds the server of a state folder and makes sure that it listens.
    pub async fn connect(home: &Path) -> Result<Client, ClientError> {
        let client = Client { folder: Folder::open(home)? };
        drop(client.folder.connect().await?);
        Ok(client)
    }
}
