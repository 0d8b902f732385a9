//! The `token_uri` of the service account's key (RFC 7523): for an assertion that the key signed, a token.
//!
//! The token is the assertion itself, which is a good one wherever credentials are asked for, and for as long: no other
//! secret comes into being, and nothing is kept.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as HttpBody, Bytes};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::front::Body;
use super::tokens::Proofs;

/// Where it answers.
pub(super) const PATH: &str = "/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The most of a request; anybody may send one.
const MOST: usize = 16 * 1024;

/// Answers one request.
pub(super) async fn answer<B: HttpBody<Data = Bytes>>(proofs: &Proofs, request: Request<B>) -> Response<Body>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(request.into_body(), MOST).collect().await;
    let text = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    let field = |wanted: &str| text.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let assertion = field("assertion").unwrap_or_default();
    let kind = field("grant_type").unwrap_or_default().replace("%3A", ":").replace("%3a", ":");
    if kind != GRANT {
        return refused("unsupported_grant_type", "only an assertion is exchanged here (urn:ietf:params:oauth:grant-type:jwt-bearer)");
    }
    match proofs.good_for(assertion) {
        Some(seconds) => whole(StatusCode::OK, &json!({"access_token": assertion, "expires_in": seconds, "token_type": "Bearer"})),
        None => refused("invalid_grant", "the assertion is not signed by the key of `caddis env`, not meant for this machine, or not good at this time"),
    }
}

/// In the words of RFC 6749, which are Google's too.
fn refused(error: &str, description: &str) -> Response<Body> {
    whole(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": description}))
}

fn whole(status: StatusCode, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
