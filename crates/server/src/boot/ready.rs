//! Telling systemd how far the server is (sd_notify(3)), when it was started by it.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::{env, io};

/// Says a word to who started us, if he listens.
pub(super) fn tell(word: &str) {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else { return };
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&path),
    };
    if let Err(error) = address.and_then(|address| send(&address, word)) {
        tracing::info!(error = %error, "systemd could not be told `{word}`");
    }
}

fn send(address: &SocketAddr, word: &str) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to_addr(word.as_bytes(), address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_arrives() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = SocketAddr::from_pathname(folder.path().join("s")).expect("an address");
        let socket = UnixDatagram::bind_addr(&address).expect("bound");
        send(&address, "READY=1").expect("sent");
        let mut buffer = [0; 32];
        let read = socket.recv(&mut buffer).expect("received");
        assert_eq!(&buffer[..read], b"READY=1");
    }
}
