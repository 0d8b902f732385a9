//! What users may ask for. Every face (CLI, web page, Python package, the compatible APIs) ends here.
//!
//! What always holds: every call takes a [`Caller`] and touches only what is his; a refused call changed nothing.

mod clusters;
mod cost;
mod documents;
mod error;
mod jobs;
mod lookup;
mod reshape;
mod setup;
mod why;

pub use cost::CostQuestion;
pub use error::{CallError, CallErrorKind};
pub use reshape::{Limits, Reshape};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that rows carry as owner.
    pub owner: String,
}
