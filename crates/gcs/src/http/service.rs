//! From a request of whomever to an answer for its asker.
//!
//! What always holds: without a good token, or the secret in the path that stands for one, nothing answers but 401;
//! a page in a browser, which says its `Origin`, gets nothing at all.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use caddis_types::Timestamp;
use futures_util::future::{BoxFuture, ready};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;

use super::ask::{Ask, query};
use super::body::{Body, Incoming};
use super::refusal::Refusal;
use super::route::route;
use crate::store::Store;

/// What a path with a secret starts with: clients that are told an "emulator" send no token.
const EMULATOR: &str = "/emulator/";
const PATHS: [&str; 5] = ["/storage/v1/", "/upload/storage/v1/", "/resumable/upload/storage/v1/", "/download/storage/v1/", EMULATOR];

/// Who may ask.
pub trait Credentials: Send + Sync {
    /// Whose bearer token this is; nothing when it is not valid.
    fn owner(&self, token: &str) -> Option<String>;

    /// Whose secret in a path this is; nothing when it is not valid.
    fn owner_of_secret(&self, secret: &str) -> Option<String>;
}

/// The face, ready to answer.
#[derive(Clone)]
pub struct Service {
    store: Store,
    credentials: Arc<dyn Credentials>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Whether a path is this face's.
pub fn serves(path: &str) -> bool {
    PATHS.iter().any(|start| path.starts_with(start)) || path == "/batch" || path == "/batch/storage/v1"
}

impl Service {
    /// The face of a store.
    pub fn new(store: Store, credentials: Arc<dyn Credentials>, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Service {
        Service { store, credentials, clock }
    }

    /// Answers one request.
    pub fn answer<B>(&self, request: Request<B>) -> BoxFuture<'static, Response<Body>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let (head, body) = request.into_parts();
        match self.ask(head) {
            Ok(ask) => Box::pin(route(ask, Incoming::new(body.map_err(Into::into).boxed_unsync()))),
            Err(refusal) => Box::pin(ready(refusal.response())),
        }
    }

    fn ask(&self, head: http::request::Parts) -> Result<Ask, Refusal> {
        if head.headers.contains_key(header::ORIGIN) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", "pages in a browser are not served"));
        }
        let path = head.uri.path().to_owned();
        let (prefix, path, owner) = match path.strip_prefix(EMULATOR).and_then(|rest| rest.split_once('/')) {
            Some((secret, rest)) => (format!("{EMULATOR}{secret}"), format!("/{rest}"), self.credentials.owner_of_secret(secret)),
            None => (String::new(), path, self.bearer(&head)),
        };
        let text = "Anonymous caller does not have access. Expected the credentials of `caddis env`.";
        let owner = owner.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "authError", text))?;
        let base = format!("https://{}{prefix}", host(&head));
        let query = query(head.uri.query().unwrap_or_default())?;
        Ok(Ask { store: self.store.clone(), owner, now: (self.clock)(), base, path, query, head })
    }

    fn bearer(&self, head: &http::request::Parts) -> Option<String> {
        let header = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") { self.credentials.owner(token.trim()) } else { None }
    }
}

/// Where the client found us; HTTP/2 says it in the address.
fn host(head: &http::request::Parts) -> String {
    let said = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = said.or_else(|| head.uri.authority().map(http::uri::Authority::as_str)).unwrap_or("localhost");
    host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')).collect()
}
