//! Reading what a request wishes.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;

use super::{Refusal, nearest};
use crate::openapi::{Asks, Operation};

/// The most bytes of a wish.
const LIMIT: usize = 16 << 20;

/// A wish in JSON, of a limited size, without unknown fields. No body at all is an empty wish.
#[derive(Debug)]
pub(super) struct Wish<T>(pub(super) T);

/// Nothing to say.
// The body is read all the same: a client that sends it after the head would otherwise find the connection cut.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Wish<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, _: &S) -> Result<Wish<T>, Refusal> {
        let bytes = to_bytes(request.into_body(), LIMIT).await.map_err(|_| too_large())?;
        let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes[..] };
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let wish = serde_path_to_error::deserialize(&mut reader).map_err(|error| not_understood(&error, bytes))?;
        reader.end().map_err(|error| Refusal::invalid("bad_json", format!("the body is not JSON: {error}")))?;
        Ok(Wish(wish))
    }
}

impl<T: JsonSchema> Asks for Wish<T> {
    fn describe(operation: &mut Operation<'_>) {
        let schema = operation.schemas.wish::<T>();
        let required = operation.schemas.fields::<T>().get("required").is_some();
        operation.body(json!({"application/json": {"schema": schema}}), required);
        operation.refuses(&[
            (StatusCode::BAD_REQUEST, "bad_json"),
            (StatusCode::BAD_REQUEST, "bad_wish"),
            (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        ]);
    }
}

fn too_large() -> Refusal {
    let text = format!("the body is cut off, or larger than {} MiB", LIMIT >> 20);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text)
}

fn not_understood(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Refusal {
    let message = error.inner().to_string();
    let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    if error.inner().is_syntax() && is_json() {
        // An enum with two variants at once reads like a mistake of the writing.
        let text = format!("what stands at `{}` is not understood: one thing is wanted there", error.path());
        return Refusal::invalid("bad_wish", text);
    }
    if error.inner().is_syntax() || error.inner().is_eof() {
        return Refusal::invalid("bad_json", format!("the body is not JSON: {message}"));
    }
    let place = match error.path().to_string() {
        path if path == "." || message.contains(&format!("`{path}`")) => String::new(),
        path => format!(" (at `{path}`)"),
    };
    let mut refusal = Refusal::invalid("bad_wish", format!("{}{place}", nearest::plain(&message)));
    refusal.hint = nearest::hint(&message);
    refusal
}
