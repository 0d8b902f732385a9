//! One request and its answer, on a connection of its own: connecting to a Unix socket takes some 30 µs, less than
//! keeping a pool right would cost.

use std::error::Error;

use caddis_types::api::Problem;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;

use crate::{Client, ClientError};

pub(crate) type Outgoing = UnsyncBoxBody<Bytes, std::io::Error>;

/// An answer whose body is still to be read. Dropping it cuts the connection, which the server notices.
pub(crate) struct Answer {
    pub(crate) call: String,
    pub(crate) response: Response<Incoming>,
    pub(crate) connection: Connection,
}

/// The task that moves the bytes; ends with its owner.
pub(crate) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.exchange(Method::GET, path, empty()).await?.json().await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, wish: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(wish)
            .map_err(|error| ClientError::NotUnderstood { call: format!("POST {path}"), why: error.to_string() })?;
        self.exchange(Method::POST, path, full(body)).await?.json().await
    }

    /// Sends a request and waits for the head of the answer; a refusal is read whole and becomes an error.
    pub(crate) async fn exchange(&self, method: Method, path: &str, body: Outgoing) -> Result<Answer, ClientError> {
        let call = format!("{method} {path}");
        let stream = self.folder.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| cut(&call, e))?;
        let connection = Connection(tokio::spawn(async move {
            // What goes wrong here is told by the request or by the body as well.
            drop(connection.await);
        }));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "caddis")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| ClientError::NotUnderstood { call: call.clone(), why: error.to_string() })?;
        let response = sender.send_request(request).await.map_err(|error| sending(&call, error))?;
        let answer = Answer { call, response, connection };
        if answer.response.status().is_success() { Ok(answer) } else { Err(answer.refusal().await) }
    }
}

impl Answer {
    async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let Answer { call, response, connection: _connection } = self;
        let bytes = response.into_body().collect().await.map_err(|error| cut(&call, error))?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| ClientError::NotUnderstood { call, why: error.to_string() })
    }

    async fn refusal(self) -> ClientError {
        let status = self.response.status().as_u16();
        let call = self.call.clone();
        match self.json::<Problem>().await {
            Ok(problem) => ClientError::Problem { status, problem },
            Err(ClientError::NotUnderstood { .. }) => {
                ClientError::NotUnderstood { call, why: format!("status {status} without a known explanation") }
            }
            Err(error) => error,
        }
    }
}

/// A request that failed because its own body could not be read is no fault of the connection.
fn sending(call: &str, error: hyper::Error) -> ClientError {
    let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    match source {
        Some(source) if error.is_user() => ClientError::Input(std::io::Error::new(source.kind(), source.to_string())),
        _ => cut(call, error),
    }
}

pub(crate) fn cut(call: &str, error: impl Error + Send + Sync + 'static) -> ClientError {
    ClientError::Transport { doing: format!("asking `{call}`"), source: Box::new(error) }
}

pub(crate) fn empty() -> Outgoing {
    full(Vec::new())
}

fn full(bytes: Vec<u8>) -> Outgoing {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn boxed(body: impl Body<Data = Bytes, Error = std::io::Error> + Send + 'static) -> Outgoing {
    body.boxed_unsync()
}

/// One part of a path: everything that is not plainly a letter, digit, `-`, `_` or `.` is escaped.
pub(crate) fn part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_reference_is_one_part_of_the_path_whatever_is_in_it() {
        assert_eq!(part("job_0123"), "job_0123");
        assert_eq!(part("../a b/ü?x=1"), "..%2Fa%20b%2F%C3%BC%3Fx%3D1");
    }
}
