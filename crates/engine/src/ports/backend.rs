//! Processes, Python environments and files, on one backend.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use caddis_core::plan::Rung;
use caddis_core::profile::Pool;
use caddis_core::record::{Bundle, ClusterRecord, JobRecord};
use caddis_core::world::{EnvironmentStatus, Member, Members, Observed};
use caddis_types::api::{ConnectionView, Program};
use caddis_types::{Cause, ClusterId, JobId, Timestamp};
use thiserror::Error;

/// An effect that did not happen, or whose answer was lost.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{message}")]
pub struct BackendError {
    /// Stable, for machines.
    pub code: String,
    /// What is true.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl BackendError {
    /// An error without a hint.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> BackendError {
        BackendError { code: code.into(), message: message.into(), hint: None }
    }
}

/// Why a process was not started.
#[derive(Clone, Debug, PartialEq)]
pub enum StartError {
    /// Certainly nothing runs under the key, and nothing will.
    Refused(Cause),
    /// The same: there is no room for it just now, as often with preemptible workers. The text says whose word that is.
    NoCapacity(String),
    /// The answer was lost: it may run. Only another look can tell.
    Unknown(String),
}

/// What was found under the key of a process that was to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A process: it is listed, or will be soon, and so will its end.
    Found,
    /// Nothing: no start under this key was heard of. That is certain, whatever a view shows that lags behind.
    Nothing,
}

/// One process to start.
#[derive(Clone, Copy, Debug)]
pub struct MemberStart<'a> {
    /// Which.
    pub member: &'a Member,
    /// The job, for scripts.
    pub job: Option<&'a JobRecord>,
}

/// The outside of one kind of place. Every method may be repeated with the same result.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The capacity Caddis may use.
    fn pool(&self) -> Pool;

    /// Checks what can be checked before a job is taken, and keeps its files by content.
    async fn take_program(&self, program: &Program, cwd: &str) -> Result<Bundle, BackendError>;

    /// The processes of a cluster. The view may lag behind the truth, and never goes back: what was listed once stays
    /// listed, with its end, until [`Backend::clean`] or [`Backend::forget_members`]. What never ran ends when it began.
    async fn members(&self, cluster: &ClusterId) -> Observed<Members>;

    /// How far the cluster's environment is.
    async fn environment(&self, cluster: &ClusterRecord) -> EnvironmentStatus;

    /// Begins to make the cluster's environment ready, in the background; wakes the cluster when that changes.
    async fn prepare_environment(
        &self,
        cluster: &ClusterRecord,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), BackendError>;

    /// Starts processes, each at most once for ever under its key; answers one result for each, in order.
    async fn start_members(
        &self,
        cluster: &ClusterRecord,
        starts: &[MemberStart<'_>],
        variables: &BTreeMap<String, String>,
    ) -> Vec<Result<(), StartError>>;

    /// Begins to end a process by a ladder of signals with SIGKILL behind it. Repeating it does not begin anew; only a
    /// ladder that ends sooner takes the place of one that is being climbed. A process that is not there is no error,
    /// and the answer says so.
    async fn stop_member(
        &self,
        cluster: &ClusterId,
        member: &Member,
        reason: &str,
        ladder: &[Rung],
    ) -> Result<Stopped, BackendError>;

    /// Ends every process that carries the cluster's marker; returns when none is left. After that [`Backend::members`]
    /// shows the end of each, and no start of the cluster is taken any more, not even one that was under way.
    async fn purge(&self, cluster: &ClusterId, reason: &str) -> Result<(), BackendError>;

    /// Removes what is left of an ended cluster: its run folder, and what is remembered of its processes.
    async fn clean(&self, cluster: &ClusterId) -> Result<(), BackendError>;

    /// Removes what is remembered of processes that have ended, and their folders, while their cluster lives on. Nothing
    /// is to be decided by them any more, and nobody asks for one under their keys again: the keys may be free then.
    async fn forget_members(&self, cluster: &ClusterId, members: &[Member]) -> Result<(), BackendError>;

    /// Every cluster of which there is a process or a folder.
    async fn traces(&self) -> Result<Vec<ClusterId>, BackendError>;

    /// Says that somebody still wants these clusters.
    async fn renew_leases(&self, clusters: &[ClusterId]);

    /// How a client connects to a cluster.
    async fn connection(&self, cluster: &ClusterRecord) -> Result<ConnectionView, BackendError>;

    /// Removes the files of a job that is not kept any more.
    async fn forget_job(&self, job: &JobId) -> Result<(), BackendError>;

    /// Removes the kept files of all programs but these digests, and but those that were taken since.
    async fn remove_programs(&self, kept: &BTreeSet<String>, since: Timestamp) -> Result<(), BackendError>;
}
