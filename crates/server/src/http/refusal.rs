//! A request that was refused, before it has its request id.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use caddis_engine::calls::{CallError, CallErrorKind};
use caddis_engine::ports::StoreError;
use hyper::StatusCode;

/// Why a request is refused: nothing was changed. [`super::finish`] turns it into a `Problem` with a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Refusal {
    /// A refusal; a `hint:` line at the end of `text` becomes the hint.
    pub(crate) fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Refusal {
        let text = text.into();
        let (message, hint) = match text.split_once("\nhint: ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        Refusal { status, code: code.into(), message, hint }
    }

    /// The wish itself is wrong.
    pub(crate) fn invalid(code: &'static str, text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, code, text)
    }

    /// It does not go with what is there.
    pub(crate) fn conflict(code: &'static str, text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::CONFLICT, code, text)
    }

    /// There is no such thing.
    pub(crate) fn not_found(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "not_found", text)
    }

    /// Not now.
    pub(crate) fn unavailable(code: &'static str, text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code, text)
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Refusal {
        let status = match error.kind {
            CallErrorKind::Invalid => StatusCode::BAD_REQUEST,
            CallErrorKind::NotFound => StatusCode::NOT_FOUND,
            CallErrorKind::Conflict => StatusCode::CONFLICT,
            CallErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        Refusal { status, code: error.code.into(), message: error.message, hint: error.hint }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        CallError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
