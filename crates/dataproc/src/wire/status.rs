//! Google's error model: a canonical code, a sentence, details. Both wires say it in their own way.
//!
//! Deliberately absent: UNAVAILABLE. Google's clients repeat a call that was answered so in silence, for up to 15
//! minutes; nothing that this face refuses is worth that.

use caddis_engine::calls::{CallError, CallErrorKind};
use caddis_googleapis::rpc;
use http::StatusCode;
use prost::{Message, Name};
use prost_types::Any;

/// The canonical codes that this face answers with, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Code {
    Cancelled = 1,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unauthenticated = 16,
}

impl Code {
    /// The word in REST answers.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Code::Cancelled => "CANCELLED",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// The HTTP status, as `google/rpc/code.proto` maps it.
    pub(crate) fn http(self) -> StatusCode {
        match self {
            Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            Code::InvalidArgument | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
            Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
            Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) details: Vec<Any>,
}

impl Status {
    /// A refusal without details.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Status {
        Status { code, message: message.into(), details: Vec::new() }
    }

    /// `INVALID_ARGUMENT` that names one field, in the sentence and as a `BadRequest` detail.
    pub(crate) fn field(field: &str, what: impl Into<String>) -> Status {
        Status::fields(vec![(field.to_owned(), what.into())])
    }

    /// `INVALID_ARGUMENT` with one line for each wrong field, as Google reports several at once.
    pub(crate) fn fields(wrong: Vec<(String, String)>) -> Status {
        let message = match wrong.as_slice() {
            [(field, what)] => format!("Invalid value for `{field}`: {what}"),
            several => several
                .iter()
                .fold("Multiple validation errors:".to_owned(), |text, (field, what)| format!("{text}\n - {field}: {what}")),
        };
        let field_violations = wrong
            .into_iter()
            .map(|(field, description)| rpc::bad_request::FieldViolation { field, description, ..Default::default() })
            .collect();
        let details = vec![any(&rpc::BadRequest { field_violations })];
        Status { code: Code::InvalidArgument, message, details }
    }

    /// `INVALID_ARGUMENT` for what cannot be read at all, in the words of Google's transcoder, which name the field
    /// themselves. A field is empty where there is none to name.
    pub(crate) fn malformed(wrong: Vec<(String, String)>) -> Status {
        let words: Vec<&str> = wrong.iter().map(|(_, what)| what.as_str()).collect();
        let message = words.join("\n");
        Status { message, ..Status::fields(wrong) }
    }

    /// The fields that it names, and what is wrong with each.
    pub(crate) fn violations(&self) -> Vec<(String, String)> {
        let requests = self.details.iter().filter_map(|detail| rpc::BadRequest::decode(detail.value.as_slice()).ok());
        requests.flat_map(|request| request.field_violations).map(|wrong| (wrong.field, wrong.description)).collect()
    }

    /// `NOT_FOUND` of a named resource, in Google's words.
    pub(crate) fn not_found(kind: &str, name: &str) -> Status {
        Status::new(Code::NotFound, format!("Not found: {kind} {name}"))
    }

    /// As the message that both wires carry.
    pub(crate) fn to_proto(&self) -> rpc::Status {
        rpc::Status { code: self.code as i32, message: self.message.clone(), details: self.details.clone() }
    }
}

impl From<CallError> for Status {
    fn from(error: CallError) -> Status {
        let code = match (error.kind, error.code.as_str()) {
            (CallErrorKind::Conflict, "name_taken") => Code::AlreadyExists,
            // Somebody else changed it between reading and writing.
            (CallErrorKind::Conflict, "conflict") => Code::Aborted,
            (CallErrorKind::Conflict, "minimum_above_pool" | "above_pool") => Code::InvalidArgument,
            (CallErrorKind::Invalid, _) => Code::InvalidArgument,
            (CallErrorKind::NotFound, _) => Code::NotFound,
            (CallErrorKind::Conflict, _) => Code::FailedPrecondition,
            (CallErrorKind::Unavailable, _) => Code::Internal,
        };
        let message = match error.hint {
            Some(hint) => format!("{} (hint: {hint})", error.message),
            None => error.message,
        };
        Status::new(code, message)
    }
}

/// A message with the address of its type.
pub(crate) fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_wrong_fields_are_told_at_once() {
        let wrong = vec![("a".to_owned(), "must be 1".to_owned()), ("b.c".to_owned(), "is missing".to_owned())];
        let status = Status::fields(wrong);
        assert_eq!(status.message, "Multiple validation errors:\n - a: must be 1\n - b.c: is missing");
        let detail = rpc::BadRequest::decode(status.details[0].value.as_slice()).unwrap();
        assert_eq!(detail.field_violations.len(), 2);
        assert_eq!(status.details[0].type_url, "type.googleapis.com/google.rpc.BadRequest");
    }

    #[test]
    fn refused_calls_have_googles_code_for_their_situation() {
        use CallErrorKind::*;
        for (kind, code, expected) in [
            (Conflict, "name_taken", Code::AlreadyExists),
            (Conflict, "conflict", Code::Aborted),
            (Conflict, "minimum_above_pool", Code::InvalidArgument),
            (Conflict, "above_pool", Code::InvalidArgument),
            (Conflict, "cluster_ended", Code::FailedPrecondition),
            (Conflict, "not_serving", Code::FailedPrecondition),
            (Invalid, "workers", Code::InvalidArgument),
            (NotFound, "not_found", Code::NotFound),
            // Clients would repeat UNAVAILABLE in silence.
            (Unavailable, "busy", Code::Internal),
            (Unavailable, "store_io", Code::Internal),
        ] {
            let status = Status::from(CallError::new(kind, code, "so it is\nhint: do this"));
            assert_eq!((status.code, status.message.as_str()), (expected, "so it is (hint: do this)"), "{code}");
        }
    }

    #[test]
    fn codes_have_googles_numbers_words_and_statuses() {
        for (code, number, word, http) in [
            (Code::Cancelled, 1, "CANCELLED", 499),
            (Code::InvalidArgument, 3, "INVALID_ARGUMENT", 400),
            (Code::DeadlineExceeded, 4, "DEADLINE_EXCEEDED", 504),
            (Code::NotFound, 5, "NOT_FOUND", 404),
            (Code::AlreadyExists, 6, "ALREADY_EXISTS", 409),
            (Code::FailedPrecondition, 9, "FAILED_PRECONDITION", 400),
            (Code::Aborted, 10, "ABORTED", 409),
            (Code::Unimplemented, 12, "UNIMPLEMENTED", 501),
            (Code::Internal, 13, "INTERNAL", 500),
            (Code::Unauthenticated, 16, "UNAUTHENTICATED", 401),
        ] {
            assert_eq!((code as i32, code.word(), code.http().as_u16()), (number, word, http));
        }
    }
}
