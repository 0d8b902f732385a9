//! One request: who asks, with which parameters, and what answers are made of.

use caddis_types::Timestamp;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::body::{Body, whole};
use super::partial::Selection;
use super::refusal::Refusal;
use crate::store::{Bucket, Conditions, Store, StoreError};

/// A request whose asker is known.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) store: Store,
    pub(super) owner: String,
    pub(super) now: Timestamp,
    /// What links start with: where this client found us.
    pub(super) base: String,
    /// The path below `base`, as it came.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) head: Parts,
}

impl Ask {
    /// The first value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same, empty when it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// A parameter that is a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| Refusal::parameter(name, format!("`{text}` is not a number")));
        self.get(name).map(parse).transpose()
    }

    /// A parameter that is true or false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(Refusal::parameter(name, format!("`{text}` is neither `true` nor `false`"))),
        }
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `ifGenerationMatch` and its kin; `prefix` is `if` or `ifSource`.
    pub(super) fn conditions(&self, prefix: &str) -> Result<Conditions, Refusal> {
        let number = |name: &str| self.number(&format!("{prefix}{name}"));
        Ok(Conditions {
            generation_match: number("GenerationMatch")?,
            generation_not_match: number("GenerationNotMatch")?,
            metageneration_match: number("MetagenerationMatch")?,
            metageneration_not_match: number("MetagenerationNotMatch")?,
        })
    }

    /// A bucket of the asker's own.
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket, Refusal> {
        let bucket = self.store.bucket(name)?;
        if bucket.owner == self.owner {
            return Ok(bucket);
        }
        let text = format!("{} does not have access to the Google Cloud Storage bucket `{name}`", self.owner);
        Err(Refusal::new(StatusCode::FORBIDDEN, "forbidden", text))
    }

    /// Asks the store, whose calls block.
    pub(super) async fn store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = self.store.clone();
        blocking(move || call(&store)).await
    }

    /// A JSON answer, or the part of it that was asked for.
    pub(super) fn json(&self, value: &Value) -> Result<Response<Body>, Refusal> {
        let text = match self.get("fields").filter(|fields| !fields.is_empty()) {
            Some(fields) => Selection::parse(fields)
                .ok_or_else(|| Refusal::parameter("fields", format!("`{fields}` is not a selection of fields")))?
                .of(value)
                .to_string(),
            None => value.to_string(),
        };
        let mut response = Response::new(whole(text));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        if let Some(etag) = value["etag"].as_str().and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(header::ETAG, etag);
        }
        Ok(response)
    }
}

/// Does what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError", error.to_string())),
    }
}

/// An answer without a body.
pub(super) fn nothing(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(""));
    *response.status_mut() = status;
    response
}

/// A query's parameters, decoded.
pub(super) fn query(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Ok((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))).collect()
}

/// Percent-decodes a text, which must be UTF-8.
pub(super) fn decode(text: &str) -> Result<String, Refusal> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Refusal::bad("the address is not UTF-8"))
}
