//! Why the store did not do something.

use std::io::{self, ErrorKind};

use thiserror::Error;

/// A refusal of the store, or a failure of the disk below it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such bucket.
    #[error("The specified bucket does not exist: `{0}`")]
    NoBucket(String),
    /// There is no such object.
    #[error("No such object: {bucket}/{name}")]
    NoObject {
        /// Where it was looked for.
        bucket: String,
        /// Its name.
        name: String,
    },
    /// There is no such resumable upload, or no longer.
    #[error("No such upload session; it was finished long ago, cancelled, or never begun")]
    NoUpload,
    /// Another request continued the same resumable upload meanwhile.
    #[error("Another request continues this upload session")]
    Superseded,
    /// The bucket exists.
    #[error("The bucket `{0}` exists already")]
    BucketExists(String),
    /// The bucket holds objects.
    #[error("The bucket you tried to delete is not empty: `{0}`")]
    NotEmpty(String),
    /// What was given is wrong.
    #[error("Invalid value for `{field}`: {text}")]
    Invalid {
        /// Which value.
        field: String,
        /// What is wrong with it.
        text: String,
    },
    /// A condition of the request does not hold.
    #[error("At least one of the pre-conditions you specified did not hold: {0}")]
    Condition(&'static str),
    /// The object is still as the request knows it.
    #[error("The object is unchanged")]
    Unchanged,
    /// A hold keeps the object as it is.
    #[error("Object `{0}` is under active Temporary hold or Event-Based hold and cannot be deleted or overwritten")]
    Held(String),
    /// There is no room on the disk.
    #[error("The disk of the state folder is full, or its quota is used up; nothing was kept")]
    Full,
    /// The disk failed.
    #[error("The state folder cannot be used: {0}")]
    Io(#[source] io::Error),
}

impl StoreError {
    /// A wrong value.
    pub fn invalid(field: impl Into<String>, text: impl Into<String>) -> StoreError {
        StoreError::Invalid { field: field.into(), text: text.into() }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> StoreError {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreError::Full,
            _ => StoreError::Io(error),
        }
    }
}
