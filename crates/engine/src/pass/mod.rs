//! One look at one thing: read a snapshot, let `core` decide, commit, act.
//!
//! A pass is one async function that awaits ports one after another: no timers, no tasks of its own. That is why the
//! simulator can run it step by step, and cut it at every step.

mod act;
mod cluster;
mod job;
mod pool;
mod snapshot;

use caddis_types::Timestamp;
use thiserror::Error;

pub use self::cluster::plan as plan_cluster;
pub use self::job::plan as plan_job;
pub use self::pool::{known, reason_for as pool_reason, view as pool_view};
use crate::Key;
use crate::ports::{CommitError, Ports, StoreError};

/// What follows from a pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What else should be looked at.
    pub wakes: Vec<Key>,
    /// When the same key should be looked at again.
    pub due: Option<Timestamp>,
    /// Whether anything was changed or done; a converged system answers no.
    pub acted: bool,
}

/// A pass that could not be made; it is made again later.
#[derive(Debug, Error)]
pub enum PassError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody changed the record meanwhile; the next pass reads it anew.
    #[error("{0}")]
    Conflict(String),
}

impl From<CommitError> for PassError {
    fn from(error: CommitError) -> PassError {
        match error {
            CommitError::Store(error) => PassError::Store(error),
            other => PassError::Conflict(other.to_string()),
        }
    }
}

/// One look at `key`. A pass that was cut short still tells what follows from the part that was made: those whom it
/// concerns would otherwise never hear of it.
pub async fn run(key: &Key, ports: &Ports) -> (Outcome, Result<(), PassError>) {
    let mut outcome = Outcome::default();
    let result = match key {
        Key::Pool => pool::run(ports, &mut outcome).await,
        Key::Cluster(id) => cluster::run(id, ports, &mut outcome).await,
        Key::Job(id) => job::run(id, ports, &mut outcome).await,
    };
    (outcome, result)
}
