//! What happened, for people and for those who wait: written in the same transaction as the change itself.

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

/// An event before it has its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// `job_…` or `cl_…`.
    pub subject: String,
    /// The word for machines, such as `job.started`.
    pub kind: String,
    /// For people.
    pub message: String,
}

impl NewEvent {
    /// An event about `subject`.
    pub fn new(at: Timestamp, subject: &str, kind: &str, message: impl Into<String>) -> NewEvent {
        NewEvent { at, subject: subject.to_owned(), kind: kind.to_owned(), message: message.into() }
    }
}
