//! Reading what stands behind the `?`.

use axum::extract::FromRequestParts;
use hyper::StatusCode;
use hyper::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Refusal, nearest};
use crate::openapi::{Asks, Operation};

/// Our words for those of Rust's numbers.
fn words(what: &str) -> &str {
    match what {
        "invalid digit found in string" | "cannot parse integer from empty string" => "it is not a whole number",
        "number too large to fit in target type" => "the number is too large",
        "provided string was not `true` or `false`" => "it is neither `true` nor `false`",
        other => other,
    }
}

/// Parameters, without unknown ones.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Refusal> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Query(query)),
            Err(error) => {
                let message = error.body_text();
                let text = message.strip_prefix("Failed to deserialize query string: ").unwrap_or(&message);
                let (name, text) = text.split_once(": ").unwrap_or(("", text));
                let text = match nearest::plain(text) {
                    named if name.is_empty() => named.replace("field", "parameter"),
                    unknown if unknown.contains(&format!("`{name}`")) => unknown.replace("field", "parameter"),
                    other => format!("the parameter `{name}` is not understood: {}", words(other)),
                };
                let mut refusal = Refusal::invalid("bad_query", text);
                refusal.hint = nearest::hint(&message);
                Err(refusal)
            }
        }
    }
}

impl<T: JsonSchema> Asks for Query<T> {
    fn describe(operation: &mut Operation<'_>) {
        let fields = operation.schemas.fields::<T>();
        operation.query_parameters(fields.as_value());
        operation.refuses(&[(StatusCode::BAD_REQUEST, "bad_query")]);
    }
}
