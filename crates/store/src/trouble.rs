//! What both stores, or several files of one, say when they fail.

use std::collections::BTreeSet;

use caddis_engine::ports::{CommitError, DocumentWrite, StoreError};
use caddis_types::{IdError, JobId};

/// A change named a job for its request that is neither in it nor stored: a mistake of the caller.
pub(crate) fn request_without_job(job: &JobId) -> StoreError {
    StoreError { code: "failed", message: format!("the request names `{job}`, that is not there"), hint: None }
}

/// An id in a row that is none.
pub(crate) fn unreadable_id(error: &IdError) -> StoreError {
    StoreError {
        code: "corrupt",
        message: format!("the state file holds `{}` where a {} id belongs", error.text, error.kind),
        hint: Some("put back a copy of the state file, or move it away to begin anew".to_owned()),
    }
}

/// Something that does not become JSON.
pub(crate) fn unwritable(error: &serde_json::Error) -> StoreError {
    StoreError { code: "failed", message: format!("it cannot be written as JSON: {error}"), hint: None }
}

/// JSON of a row that is not what was written there.
pub(crate) fn unreadable(what: &str, whose: &str, error: &serde_json::Error) -> StoreError {
    StoreError {
        code: "corrupt",
        message: format!("the {what} `{whose}` in the state file cannot be read: {error}"),
        hint: Some("put back a copy of the state file, or move it away to begin anew".to_owned()),
    }
}

/// A document is not what the change read it as.
pub(crate) fn document_changed(write: &DocumentWrite) -> CommitError {
    CommitError::Conflict { subject: format!("{} {}", write.kind, write.key) }
}

/// A change writes each document once: what the second of two writes read could not have been there.
pub(crate) fn each_document_once(writes: &[DocumentWrite]) -> Result<(), StoreError> {
    let mut keys = BTreeSet::new();
    match writes.iter().find(|write| !keys.insert((&write.kind, &write.key))) {
        None => Ok(()),
        Some(twice) => {
            let message = format!("the change writes the document `{} {}` twice", twice.kind, twice.key);
            Err(StoreError { code: "failed", message, hint: None })
        }
    }
}
