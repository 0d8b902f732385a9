//! What is wrong with a request, field by field: all of it is told at once.

use crate::wire::Status;

/// The fields that are wrong so far.
#[derive(Default)]
pub(crate) struct Wrong(Vec<(String, String)>);

impl Wrong {
    /// One more.
    pub(crate) fn add(&mut self, field: impl Into<String>, what: impl Into<String>) {
        self.0.push((field.into(), what.into()));
    }

    /// The refusal that names them, if there are any.
    pub(crate) fn done(self) -> Result<(), Status> {
        if self.0.is_empty() { Ok(()) } else { Err(Status::fields(self.0)) }
    }
}
