//! The state folder's socket. The folder is 0700 and the socket 0600; who is let in is decided by the kernel's word on
//! whose process asks, since permissions can be changed by accident.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use axum::Router;
use caddis_engine::calls::Caller;
use tokio::net::{UnixListener, UnixStream};

use super::{Folder, connection};
use crate::auth::{Peer, name_of};
use crate::face::Face;

/// The name of the socket.
pub(crate) const NAME: &str = "server.sock";

/// Binds the socket; one that an earlier server left behind is replaced. Only the holder of the lock may do this.
pub(crate) fn bind(folder: &Folder) -> io::Result<UnixListener> {
    folder.remove(NAME)?;
    let listener = UnixListener::bind(folder.at(NAME))?;
    set_permissions(folder.at(NAME), Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Accepts for ever.
pub(crate) async fn accept(face: Face, router: Router, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Some(peer) = peer(&stream) {
                    tokio::spawn(connection::serve(face.clone(), router.clone(), peer, stream));
                }
            }
            Err(error) => super::pause(&error).await,
        }
    }
}

/// Who asks: the server's own user or root; nobody else is even answered.
fn peer(stream: &UnixStream) -> Option<Peer> {
    let uid = match stream.peer_cred() {
        Ok(peer) => peer.uid(),
        Err(error) => {
            tracing::info!(error = %error, "a connection was refused: it is not known whose it is");
            return None;
        }
    };
    if uid != 0 && uid != rustix::process::geteuid().as_raw() {
        tracing::info!(peer.uid = uid, "a connection of another user was refused");
        return None;
    }
    Some(Peer::Socket(Caller { owner: name_of(uid) }))
}
