//! Asking Caddis's native API over the Unix socket, a connection a request, as its own command line does.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

/// The server of a state folder.
pub(in crate::bench) struct Api {
    /// A socket's path may have at most 107 bytes, so it is reached through its opened folder.
    home: File,
}

impl Api {
    /// The way to it; nothing is asked yet.
    pub(in crate::bench) fn of(home: &Path) -> Result<Api> {
        Ok(Api { home: File::open(home).with_context(|| format!("open `{}`", home.display()))? })
    }

    /// `GET`.
    pub(in crate::bench) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// `POST`.
    pub(in crate::bench) async fn post(&self, path: &str, wish: &Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(wish)).await
    }

    async fn ask(&self, method: Method, path: &str, wish: Option<&Value>) -> Result<Value> {
        let call = format!("{method} {path}");
        let socket = format!("/proc/self/fd/{}/server.sock", self.home.as_raw_fd());
        let stream = UnixStream::connect(socket).await.with_context(|| format!("connect for {call}"))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let body = wish.map(|wish| wish.to_string()).unwrap_or_default();
        let request = Request::builder().method(method).uri(path).header("host", "caddis");
        let request = request.header("content-type", "application/json").body(Full::new(Bytes::from(body)))?;
        let answer = sender.send_request(request).await.with_context(|| call.clone())?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.with_context(|| call.clone())?.to_bytes();
        connection.abort();
        if !status.is_success() {
            bail!("{call}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        serde_json::from_slice(&bytes).with_context(|| format!("{call} answered no JSON"))
    }
}
