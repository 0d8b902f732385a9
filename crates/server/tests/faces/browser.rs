//! Plain HTTP over the loopback port, with any headers.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[derive(Clone, Debug)]
pub(crate) struct Browser {
    port: u16,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    /// One that knows nothing yet but the right `Host`.
    pub(crate) fn new(port: u16) -> Browser {
        Browser { port, headers: vec![("host", format!("127.0.0.1:{port}"))] }
    }

    /// The same, with a header; one of the same name is replaced.
    pub(crate) fn with(&self, name: &'static str, value: impl Into<String>) -> Browser {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| *known != name);
        other.headers.push((name, value.into()));
        other
    }

    /// The same, logged in.
    pub(crate) fn session(&self, secret: &str) -> Browser {
        self.with("cookie", format!("caddis-session-{}={secret}", self.port))
    }

    /// Follows a login link: the session's secret.
    pub(crate) async fn login(&self, url: &str) -> String {
        let got = self.get(path_of(url)).await;
        assert_eq!(got.status, 303, "{got:?}");
        let cookie = got.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split_once('=').unwrap().1.split_once(';').unwrap().0.to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str) -> Got {
        let (parts, body) = self.open(method, path).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// The head of the answer; its body is still to come.
    pub(crate) async fn open(&self, method: Method, path: &str) -> Response<Incoming> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap()
    }
}

pub(crate) fn path_of(url: &str) -> &str {
    let rest = url.strip_prefix("http://127.0.0.1:").unwrap();
    &rest[rest.find('/').unwrap()..]
}
