//! Reading what stands in the path.

use axum::extract::FromRequestParts;
use hyper::StatusCode;
use hyper::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::openapi::{Asks, Operation};

/// The names in a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Refusal> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(names)) => Ok(Path(names)),
            // All names here are texts: only what is no text is refused.
            Err(_) => {
                let text = format!("the path `{}` is not UTF-8 behind its `%`", parts.uri.path());
                Err(Refusal::invalid("bad_path", text))
            }
        }
    }
}

impl<T> Asks for Path<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.path_parameters();
        operation.refuses(&[(StatusCode::BAD_REQUEST, "bad_path")]);
    }
}
