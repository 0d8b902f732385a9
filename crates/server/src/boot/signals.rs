//! SIGTERM and SIGINT end the server; SIGHUP, which comes when a terminal closes, does not.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Begins to listen; the answer is the name of the first signal that ends the server.
pub(super) fn listen() -> io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return "SIGTERM",
                _ = interrupt.recv() => return "SIGINT",
                _ = hangup.recv() => {}
            }
        }
    })
}
