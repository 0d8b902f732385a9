//! The door: every request passes here before any endpoint sees it.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use caddis_engine::calls::Caller;
use hyper::Method;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN, UPGRADE};

use super::{cookies, refusals};
use crate::face::Face;
use crate::http::Refusal;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Who is at the other end of a connection, as far as the connection itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The Unix socket; the kernel named the user.
    Socket(Caller),
    /// The loopback port, from a process of the server's own user (or root).
    Browser,
    /// The loopback port, from somebody else's process, or from one whose user could not be told.
    Foreign,
}

/// Lets a request through, with its [`Caller`], or refuses it.
pub(crate) async fn check(State(face): State<Face>, mut request: Request, next: Next) -> Response {
    match admit(&face, &request) {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn admit(face: &Face, request: &Request) -> Result<Option<Caller>, Refusal> {
    let path = request.uri().path();
    let health = matches!(path, "/healthz" | "/readyz");
    match request.extensions().get::<Peer>() {
        Some(Peer::Socket(caller)) => return Ok(Some(caller.clone())),
        _ if health => return Ok(None),
        Some(Peer::Browser) => {}
        Some(Peer::Foreign) | None => return Err(refusals::foreign()),
    }
    let port = face.port.get().copied().ok_or_else(refusals::foreign)?;
    host(request.headers(), port)?;
    site(request, port)?;
    if path == "/login" {
        return Ok(None);
    }
    let now = Instant::now();
    if let Some(secret) = bearer(request.headers()) {
        return face.sessions.caller(secret, now).map(Some).ok_or_else(refusals::not_logged_in);
    }
    let claimed = cookies::claimed(request.headers(), port);
    let caller =
        claimed.iter().find_map(|secret| face.sessions.caller(secret, now)).ok_or_else(refusals::not_logged_in)?;
    own_page(request)?;
    Ok(Some(caller))
}

/// A name that somebody else's DNS leads to this machine is not ours.
fn host(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let one = hosts.next().filter(|_| hosts.next().is_none()).and_then(|host| host.to_str().ok());
    let ours = one.is_some_and(|host| ours(host, port));
    if ours { Ok(()) } else { Err(refusals::host()) }
}

fn ours(host: &str, port: u16) -> bool {
    host.rsplit_once(':').is_some_and(|(name, p)| matches!(name, "127.0.0.1" | "localhost") && p == port.to_string())
}

/// A request that a page of another site made is refused, whatever it carries. Following a link from there is not:
/// the page learns nothing from it, and nothing changes by it.
fn site(request: &Request, port: u16) -> Result<(), Refusal> {
    let headers = request.headers();
    let mut origins = headers.get_all(ORIGIN).iter();
    let foreign = |origin: &[u8]| {
        !std::str::from_utf8(origin).ok().and_then(|o| o.strip_prefix("http://")).is_some_and(|host| ours(host, port))
    };
    if origins.any(|origin| foreign(origin.as_bytes())) {
        return Err(refusals::origin());
    }
    let is = |name: &HeaderName, words: &[&str]| {
        headers.get_all(name).iter().all(|value| words.iter().any(|word| value.as_bytes() == word.as_bytes()))
    };
    let link = request.method() == Method::GET
        && headers.contains_key(FETCH_MODE)
        && is(&FETCH_MODE, &["navigate"])
        && is(&FETCH_DEST, &["document"]);
    if is(&FETCH_SITE, &["same-origin", "none"]) || link { Ok(()) } else { Err(refusals::origin()) }
}

/// A cookie is sent by the browser, whoever made the request: what changes something must show that our own page did.
fn own_page(request: &Request) -> Result<(), Refusal> {
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD) && !request.headers().contains_key(UPGRADE);
    let same = request.headers().get(FETCH_SITE).is_some_and(|site| site == "same-origin");
    if harmless || same || request.headers().contains_key(ORIGIN) { Ok(()) } else { Err(refusals::origin_missing()) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}
