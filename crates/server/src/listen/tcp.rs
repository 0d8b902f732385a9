//! The loopback port for browsers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use axum::Router;
use caddis_engine::ports::{Store, StoreError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::{connection, owner};
use crate::auth::Peer;
use crate::face::Face;

/// Where the port is remembered.
const SETTING: &str = "http_port";
/// Connections at one time; a browser opens six a host.
const MOST: usize = 512;
/// Of those, from other users, who may only ask whether the server lives.
const MOST_FOREIGN: usize = 16;

/// Binds the port that was used before, so that bookmarks and open pages go on working; another one if it is taken.
pub(crate) async fn bind(store: &dyn Store) -> io::Result<TcpListener> {
    let stored = store.setting(SETTING).await.map_err(other)?;
    let stored = stored.and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, stored)).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::info!(port = stored, error = %error, "the port is taken; another one is used from now on");
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
        }
    };
    let port = listener.local_addr()?.port();
    if port != stored {
        store.set_setting(SETTING, &port.to_string()).await.map_err(other)?;
    }
    Ok(listener)
}

fn other(error: StoreError) -> io::Error {
    io::Error::other(error)
}

/// Accepts for ever.
pub(crate) async fn accept(face: Face, router: Router, listener: TcpListener) {
    let (room, foreign) = (Arc::new(Semaphore::new(MOST)), Arc::new(Semaphore::new(MOST_FOREIGN)));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let (face, router, foreign) = (face.clone(), router.clone(), Arc::clone(&foreign));
                tokio::spawn(async move {
                    let _place = place;
                    serve(face, router, &foreign, stream, from).await;
                });
            }
            Err(error) => super::pause(&error).await,
        }
    }
}

async fn serve(face: Face, router: Router, foreign: &Semaphore, stream: TcpStream, from: SocketAddr) {
    let peer = peer(&stream, from).await;
    let place = match peer {
        Peer::Foreign => Some(foreign.try_acquire()),
        _ => None,
    };
    if matches!(place, Some(Err(_))) {
        return;
    }
    // Pieces of a log are small, and wanted at once.
    let _ = stream.set_nodelay(true);
    connection::serve(face, router, peer, stream).await;
}

async fn peer(stream: &TcpStream, from: SocketAddr) -> Peer {
    match ends(stream, from) {
        Some((theirs, ours)) => match owner::of_connection(theirs, ours).await {
            Ok(Some(uid)) if uid == 0 || uid == rustix::process::geteuid().as_raw() => Peer::Browser,
            Ok(_) => Peer::Foreign,
            Err(error) => {
                tracing::info!(error = %error, "it cannot be told whose connections come in; all are taken for foreign");
                Peer::Foreign
            }
        },
        None => Peer::Foreign,
    }
}

fn ends(stream: &TcpStream, from: SocketAddr) -> Option<(SocketAddrV4, SocketAddrV4)> {
    match (from, stream.local_addr().ok()?) {
        (SocketAddr::V4(theirs), SocketAddr::V4(ours)) => Some((theirs, ours)),
        _ => None,
    }
}
