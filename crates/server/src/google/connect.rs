//! The CONNECT proxy: gRPC clients ask it for Google's Dataproc hosts and are led to our own port.
//!
//! What always holds: it connects to that port and to nothing else; any other host gets 403, and the proxy never dials
//! out. It needs no credentials, since what it leads to asks for them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::face::Face;

/// Connections at one time.
const MOST: usize = 512;
/// Bytes of a head, and how long it may take to come.
const HEAD: usize = 8 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Accepts until the server ends.
pub(super) async fn accept(face: Face, listener: TcpListener, api_port: u16) {
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = face.shutdown.wait() => return,
        };
        match stream {
            Ok((stream, _)) => {
                let face = face.clone();
                tokio::spawn(async move {
                    let _place = place;
                    let _presence = face.activity.enter();
                    if let Err(error) = serve(stream, api_port).await {
                        tracing::debug!(error = %error, "a proxied connection ended early");
                    }
                });
            }
            Err(error) => super::port::pause(&error).await,
        }
    }
}

async fn serve(mut stream: TcpStream, api_port: u16) -> std::io::Result<()> {
    let head = match timeout(HEAD_TIME, head(&mut stream)).await {
        Ok(head) => head?,
        Err(_) => return Ok(()),
    };
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let answer = match (words.next(), words.next()) {
        (Some("CONNECT"), Some(host)) if ours(host) => None,
        (Some("CONNECT"), Some(_)) => Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        _ => Some("HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n"),
    };
    if let Some(refusal) = answer {
        return stream.write_all(refusal.as_bytes()).await;
    }
    let mut port = TcpStream::connect((Ipv4Addr::LOCALHOST, api_port)).await?;
    let (_, _) = (stream.set_nodelay(true), port.set_nodelay(true));
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut port).await.map(|_| ())
}

/// Up to the empty line; a client says nothing more until it is answered.
async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD && stream.read(&mut byte).await? == 1 {
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Whether this is one of Google's Dataproc hosts.
fn ours(target: &str) -> bool {
    let Some(host) = target.strip_suffix(":443") else { return false };
    let label = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    match host.strip_suffix("dataproc.googleapis.com") {
        Some("") => true,
        Some(prefix) => prefix.strip_suffix('-').is_some_and(label),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dataprocs_hosts_are_ours() {
        for good in ["dataproc.googleapis.com:443", "us-central1-dataproc.googleapis.com:443"] {
            assert!(ours(good), "{good}");
        }
        for bad in [
            "storage.googleapis.com:443",
            "dataproc.googleapis.com:80",
            "dataproc.googleapis.com",
            "evil.example/-dataproc.googleapis.com:443",
            "xdataproc.googleapis.com:443",
            "-dataproc.googleapis.com:443",
            "a.b-dataproc.googleapis.com:443",
            "127.0.0.1:443",
        ] {
            assert!(!ours(bad), "{bad}");
        }
    }
}
