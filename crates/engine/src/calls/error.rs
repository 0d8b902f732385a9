//! A call that was refused.

use caddis_core::profile::ShapeError;
use caddis_types::names::NameError;

use crate::ports::{BackendError, CommitError, StoreError};

/// What kind of refusal; faces turn it into their own codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The wish itself is wrong.
    Invalid,
    /// There is no such thing, or it is not the caller's.
    NotFound,
    /// It does not go with what is there.
    Conflict,
    /// Not now.
    Unavailable,
}

/// Why a call was refused: nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind.
    pub kind: CallErrorKind,
    /// Stable, for machines.
    pub code: String,
    /// What is true.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl CallError {
    /// A refusal; a `hint:` line at the end of `text` becomes the hint.
    pub fn new(kind: CallErrorKind, code: &str, text: impl Into<String>) -> CallError {
        let text = text.into();
        let (message, hint) = match text.split_once("\nhint: ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        CallError { kind, code: code.to_owned(), message, hint }
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> CallError {
        CallError {
            kind: CallErrorKind::Unavailable,
            code: format!("store_{}", error.code),
            message: error.message,
            hint: error.hint,
        }
    }
}

impl From<CommitError> for CallError {
    fn from(error: CommitError) -> CallError {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::NameTaken { name, by } => CallError::new(
                CallErrorKind::Conflict,
                "name_taken",
                format!("the name `{name}` is taken by `{by}`\nhint: choose another name, or wait until it is over"),
            ),
            other => CallError::new(CallErrorKind::Conflict, "conflict", other.to_string()),
        }
    }
}

impl From<BackendError> for CallError {
    fn from(error: BackendError) -> CallError {
        CallError { kind: CallErrorKind::Invalid, code: error.code, message: error.message, hint: error.hint }
    }
}

impl From<ShapeError> for CallError {
    fn from(error: ShapeError) -> CallError {
        let (kind, code) = match &error {
            ShapeError::NoProfile { .. } => (CallErrorKind::Invalid, "no_profile"),
            ShapeError::MinimumAbovePool { .. } => (CallErrorKind::Conflict, "minimum_above_pool"),
            ShapeError::TooLittleMemory(_) => (CallErrorKind::Invalid, "too_little_memory"),
            ShapeError::PreemptRate(_) => (CallErrorKind::Invalid, "preempt_rate"),
            ShapeError::PreemptibleShare(_) => (CallErrorKind::Invalid, "preemptible_share"),
            ShapeError::Threads(_) => (CallErrorKind::Invalid, "threads"),
            ShapeError::Workers { .. } => (CallErrorKind::Invalid, "workers"),
        };
        CallError::new(kind, code, error.to_string())
    }
}

impl From<NameError> for CallError {
    fn from(error: NameError) -> CallError {
        CallError::new(CallErrorKind::Invalid, "bad_name", error.to_string())
    }
}
