//! Google's error body, and which refusal has which code and reason.

use http::{Response, StatusCode, header};
use serde_json::json;

use super::body::{Body, whole};
use crate::store::StoreError;

/// Why a request is not answered as it wished.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, reason, message: message.into() }
    }

    /// Something in the request is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// Something cannot be read at all.
    pub(super) fn parse(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "parseError", message)
    }

    /// A parameter is wrong.
    pub(super) fn parameter(name: &str, message: impl std::fmt::Display) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "invalidParameter", format!("Invalid value for parameter `{name}`: {message}"))
    }

    /// A parameter is not there.
    pub(super) fn required(name: &str) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "required", format!("Required parameter: {name}"))
    }

    /// Nothing is there, or nothing of that kind is served.
    pub(super) fn not_found(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// As an answer.
    pub(super) fn response(&self) -> Response<Body> {
        let mut response = Response::new(whole(""));
        *response.status_mut() = self.status;
        if self.status == StatusCode::NOT_MODIFIED {
            return response;
        }
        let error = json!({"domain": "global", "reason": self.reason, "message": self.message});
        let body = json!({"error": {"code": self.status.as_u16(), "message": self.message, "errors": [error]}});
        *response.body_mut() = whole(body.to_string());
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=UTF-8"));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let (status, reason) = match &error {
            StoreError::NoBucket(_) | StoreError::NoObject { .. } | StoreError::NoUpload => (StatusCode::NOT_FOUND, "notFound"),
            StoreError::BucketExists(_) | StoreError::NotEmpty(_) => (StatusCode::CONFLICT, "conflict"),
            // Clients send the same bytes again, which is right: what was received is passed over.
            StoreError::Superseded => (StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded"),
            StoreError::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
            StoreError::Condition(_) => (StatusCode::PRECONDITION_FAILED, "conditionNotMet"),
            StoreError::Unchanged => (StatusCode::NOT_MODIFIED, "notModified"),
            StoreError::Held(_) => (StatusCode::FORBIDDEN, "forbidden"),
            StoreError::Full => (StatusCode::INSUFFICIENT_STORAGE, "insufficientStorage"),
            StoreError::Io(error) => {
                tracing::error!(error = %error, "the small object store failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "backendError")
            }
        };
        Refusal::new(status, reason, error.to_string())
    }
}
