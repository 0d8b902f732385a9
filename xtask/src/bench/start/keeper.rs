//! The keeper of the run's state folder: what it uses, what its fork servers have imported, its end.

use std::fs::File;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::ground::Ground;

/// Its process, and the fork servers that run.
pub(super) async fn hello(ground: &Ground) -> Result<Value> {
    ask(ground, json!({"id": 1, "op": "hello", "version": "bench"})).await
}

/// Ends it, and with it its fork servers; refused while members live.
pub(super) async fn shutdown(ground: &Ground) -> Result<Value> {
    ask(ground, json!({"id": 1, "op": "shutdown"})).await
}

async fn ask(ground: &Ground, request: Value) -> Result<Value> {
    let folder = File::open(&ground.home)?;
    let socket = format!("/proc/self/fd/{}/keeper.sock", folder.as_raw_fd());
    let mut stream = UnixStream::connect(socket).await.context("connect to the keeper")?;
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        let said: Value = serde_json::from_str(&line)?;
        if said["id"] == request["id"] {
            return match said.get("error") {
                Some(error) => bail!("the keeper refused: {error}"),
                None => Ok(said["ok"].clone()),
            };
        }
    }
    bail!("the keeper cut the connection")
}
