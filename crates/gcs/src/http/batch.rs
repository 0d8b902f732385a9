//! Batches: several calls in one `multipart/mixed` body, each answered as if it stood alone. Uploads and downloads are
//! not done in batches, as at Google.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;

use super::ask::{Ask, decode, query};
use super::body::{Body, Incoming, whole};
use super::refusal::Refusal;
use super::route::{Answer, call};
use super::uploads::{Boundary, find};

/// Bytes of a batch, and calls in it: Google's limits are 10 MB and 100, its Python library sends up to 1000.
const BYTES: usize = 10 << 20;
const CALLS: usize = 1000;
const BOUNDARY: &str = "batch_caddis_c0ffee";

pub(super) async fn answer(ask: Ask, body: Incoming) -> Answer {
    let boundary = ask.header("content-type").and_then(Boundary::of);
    let boundary = boundary.ok_or_else(|| Refusal::bad("the content type must be `multipart/mixed` with a boundary"))?;
    let body = body.all(BYTES).await?;
    let parts = parts(&body, &boundary);
    if parts.is_empty() || parts.len() > CALLS {
        return Err(Refusal::bad(format!("a batch has 1 to {CALLS} calls")));
    }
    let mut text = Vec::new();
    for part in parts {
        let (id, response) = one(&ask, part).await;
        write(&mut text, &id, response).await;
    }
    text.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let mut response = Response::new(whole(text));
    let kind = HeaderValue::from_str(&format!("multipart/mixed; boundary={BOUNDARY}"));
    response.headers_mut().insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("multipart/mixed")));
    Ok(response)
}

/// What stands between boundaries.
fn parts<'a>(body: &'a [u8], boundary: &Boundary) -> Vec<&'a [u8]> {
    let mut rest = match find(body, boundary.bytes()) {
        Some(at) => &body[at + boundary.bytes().len()..],
        None => return Vec::new(),
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let Some(at) = find(rest, boundary.bytes()) else { break };
        parts.push(&rest[..at]);
        rest = &rest[at + boundary.bytes().len()..];
    }
    parts
}

/// Makes one call; the answer carries the call's id.
async fn one(ask: &Ask, part: &[u8]) -> (Option<String>, Response<Body>) {
    let (head, request) = cut(part.trim_ascii_start());
    let id = field(head, "content-id").map(str::to_owned);
    let response = match inner(ask, request.trim_ascii_start()) {
        Ok((ask, pieces, body)) => {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            match pieces.as_slice() {
                ["storage", "v1", rest @ ..] if ask.get("alt") != Some("media") => call(&ask, rest, Incoming::new(whole(body))).await,
                _ => Err(Refusal::not_found("this cannot be done in a batch")),
            }
        }
        Err(refusal) => Err(refusal),
    };
    (id, response.unwrap_or_else(|refusal| refusal.response()))
}

/// Up to the first empty line, and what is behind it.
fn cut(text: &[u8]) -> (&str, &[u8]) {
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"].iter().filter_map(|end| find(text, end).map(|at| (at, end.len()))).min();
    let (at, length) = ends.unwrap_or((text.len(), 0));
    (std::str::from_utf8(&text[..at]).unwrap_or_default(), &text[at + length..])
}

fn field<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

/// The request in a part, as one of the same asker.
fn inner(ask: &Ask, text: &[u8]) -> Result<(Ask, Vec<String>, Bytes), Refusal> {
    let wrong = || Refusal::bad("a part of the batch is not an HTTP request");
    let (head, body) = cut(text);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, address) = words.next().zip(words.next()).ok_or_else(wrong)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| wrong())?;
    let mut request = Request::builder().method(method).uri(address);
    for name in ["if-match", "if-none-match", "content-type"] {
        if let Some(value) = field(head, name) {
            request = request.header(name, value);
        }
    }
    let (inner, ()) = request.body(()).map_err(|_| wrong())?.into_parts();
    let path = inner.uri.path().to_owned();
    // Clients write whole addresses, with the secret that this request came by.
    let prefix = ask.base.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
    let path = path.strip_prefix(&prefix).unwrap_or(&path).to_owned();
    let pieces = path.trim_start_matches('/').split('/').map(decode).collect::<Result<_, _>>()?;
    let query = query(inner.uri.query().unwrap_or_default())?;
    let body = match field(head, "content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.get(..length).unwrap_or(body),
        None => body.trim_ascii(),
    };
    Ok((Ask { path, query, head: inner, ..ask.clone() }, pieces, Bytes::copy_from_slice(body)))
}

async fn write(text: &mut Vec<u8>, id: &Option<String>, response: Response<Body>) {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let id = id.as_ref().map(|id| format!("Content-ID: <response-{}>\r\n", id.trim_matches(['<', '>']))).unwrap_or_default();
    let reason = head.status.canonical_reason().unwrap_or("Unknown");
    text.extend(format!("--{BOUNDARY}\r\nContent-Type: application/http\r\n{id}\r\nHTTP/1.1 {} {reason}\r\n", head.status.as_u16()).bytes());
    for name in [header::CONTENT_TYPE, header::ETAG] {
        if let Some(value) = head.headers.get(&name).and_then(|value| value.to_str().ok()) {
            text.extend(format!("{name}: {value}\r\n").bytes());
        }
    }
    if head.status != StatusCode::NO_CONTENT {
        text.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    text.extend(b"\r\n");
    text.extend(&body);
    text.extend(b"\r\n");
}
