//! Rows. One row a job, one row a cluster, changed whole under a generation; ledger lines and events beside them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use caddis_core::ledger::report::Sum;
use caddis_core::record::{ClusterRecord, DecisionRow, Fact, JobRecord, Learned, LedgerLine, NewEvent};
use caddis_types::api::{CostBy, EventView};
use caddis_types::{ClusterId, JobId, Timestamp};
use thiserror::Error;

/// Everything that changes together, or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Jobs as they should be. `generation` is the one that was read (0: the row is new); the store writes the next.
    pub jobs: Vec<JobRecord>,
    /// Clusters, likewise.
    pub clusters: Vec<ClusterRecord>,
    /// Environment variables of new jobs and clusters, by the id's text.
    pub variables: Vec<(String, BTreeMap<String, String>)>,
    /// Lines; one whose key is there already is left out without a word, since it was counted.
    pub ledger: Vec<LedgerLine>,
    /// What to tell.
    pub events: Vec<NewEvent>,
    /// Decisions about the sizes of clusters, with what they went by.
    pub decisions: Vec<DecisionRow>,
    /// What was learned; each takes the place of what was known under its key.
    pub learned: Vec<Learned>,
    /// A repeatable submission: its owner, its key, and the job it made.
    pub request: Option<(String, String, JobId)>,
    /// What a compatible face keeps beside the records.
    pub documents: Vec<DocumentWrite>,
}

/// What a compatible face must remember and the loop never reads: the request in the client's own words, operations,
/// policies. It changes in the same transaction as the records it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which face and what, such as `dataproc.cluster`.
    pub kind: String,
    /// Unique within its kind. What stands before and with its last `/` is its folder.
    pub key: String,
    /// Grows with every new document; one that is written again keeps its own. At least 1.
    pub number: u64,
    /// Grows with every write; at least 1.
    pub generation: u64,
    /// The job or the cluster that it goes with.
    pub about: Option<String>,
    /// JSON, of the face's own shape.
    pub body: String,
}

/// A document as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentWrite {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// The generation that was read; 0: it must not be there.
    pub generation: u64,
    /// The id of the job or the cluster that it goes with: retention removes both at once. Absent: it stays.
    pub about: Option<String>,
    /// Its body; absent: it is removed.
    pub body: Option<String>,
}

impl DocumentWrite {
    /// The folder of its key: all up to its last `/`, with it.
    pub fn folder(&self) -> &str {
        folder(&self.key)
    }
}

/// The folder of a document's key.
fn folder(key: &str) -> &str {
    key.rfind('/').map_or("", |at| &key[..=at])
}

impl Document {
    /// The folder of its key: all up to its last `/`, with it.
    pub fn folder(&self) -> &str {
        folder(&self.key)
    }
}

/// Why a change was not made.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Somebody changed `subject` since it was read.
    #[error("`{subject}` was changed by somebody else")]
    Conflict {
        /// `job_…`, `cl_…`, or a document's kind and key.
        subject: String,
    },
    /// The owner has an unfinished job, or a living cluster, of that name.
    #[error("the name `{name}` is taken by `{by}`")]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        by: String,
    },
    /// The submission was made before.
    #[error("the request was made before, as `{0}`")]
    Repeated(JobId),
    /// The store itself failed; nothing was changed, or it is not known whether it was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct StoreError {
    /// `disk_full`, `read_only`, `denied` (not ours to read), `corrupt`, `newer`, `busy`, `failed`.
    pub code: &'static str,
    /// What is true.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of one owner.
    pub owner: Option<String>,
    /// Only those that have not ended.
    pub active: bool,
    /// Only those whose newest attempt is on this cluster.
    pub cluster: Option<ClusterId>,
    /// Of this name.
    pub name: Option<String>,
    /// At most so many, newest first; 0 means all.
    pub limit: u32,
}

/// Which clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFilter {
    /// Of one owner.
    pub owner: Option<String>,
    /// Only those that have not ended.
    pub active: bool,
    /// Made for this job.
    pub job: Option<JobId>,
    /// Of this name.
    pub name: Option<String>,
    /// At most so many, newest first; 0 means all.
    pub limit: u32,
}

/// Which part of the ledger, and by what it is added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostFilter {
    /// Of one owner.
    pub owner: Option<String>,
    /// From this moment.
    pub since: Timestamp,
    /// Until just before this one.
    pub until: Timestamp,
    /// By what.
    pub by: CostBy,
    /// By which tag.
    pub tag: Option<String>,
}

/// A part of the ledger, and what of it is not written yet, all as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// The sums of the lines that lie within the part.
    pub sums: Vec<Sum>,
    /// The lines that begin before it or end after it.
    pub edges: Vec<LedgerLine>,
    /// The owner's clusters that have not ended.
    pub living: Vec<ClusterRecord>,
}

/// What retention removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Jobs.
    pub jobs: Vec<JobId>,
    /// Clusters.
    pub clusters: Vec<ClusterId>,
}

/// The setting that holds the largest number of an event that was ever removed: who has read up to a smaller one may
/// have missed something.
pub const EVENTS_REMOVED: &str = "events_removed";

/// The database. Lists are newest first.
#[async_trait]
pub trait Store: Send + Sync {
    /// One job.
    async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError>;
    /// One cluster.
    async fn cluster(&self, id: &ClusterId) -> Result<Option<ClusterRecord>, StoreError>;
    /// Jobs.
    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, StoreError>;
    /// Clusters.
    async fn clusters(&self, filter: &ClusterFilter) -> Result<Vec<ClusterRecord>, StoreError>;
    /// Those of these jobs that are there, newest first.
    async fn jobs_of(&self, ids: &[JobId]) -> Result<Vec<JobRecord>, StoreError>;
    /// Those of these clusters that are there, newest first.
    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<ClusterRecord>, StoreError>;
    /// The environment variables kept for a job or cluster.
    async fn variables(&self, subject: &str) -> Result<BTreeMap<String, String>, StoreError>;
    /// Makes a change, whole or not at all. One change may end the holder of a name and give the name to another.
    async fn commit(&self, change: Change) -> Result<(), CommitError>;
    /// One document.
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError>;
    /// Documents whose keys begin with `prefix`, in the order of keys, after the key `after`; at most `limit`, 0 means
    /// all.
    async fn documents(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Result<Vec<Document>, StoreError>;
    /// Documents of one folder, the one that was made last first, of those that were made before the one of the number
    /// `before` (absent: all); at most `limit`, 0 means all.
    async fn newest_documents(
        &self,
        kind: &str,
        folder: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError>;
    /// The sums over a part of the ledger, with the clusters whose open time belongs to it. No change comes in between, so
    /// that nothing is counted twice or not at all.
    async fn costs(&self, filter: &CostFilter) -> Result<Costs, StoreError>;
    /// Ledger lines of one cluster, oldest first.
    async fn ledger(&self, cluster: &ClusterId) -> Result<Vec<LedgerLine>, StoreError>;
    /// Of these the lines that name a job, oldest first.
    async fn ledger_of_job(&self, cluster: &ClusterId, job: &JobId) -> Result<Vec<LedgerLine>, StoreError>;
    /// Events after a number, oldest first, about one subject or all; at most `limit`, 0 means all. They were written
    /// together with what they tell of. Readers keep the number of the last one that they have dealt with: one that is
    /// cut off reads some of them twice, and misses none that is kept; whether some were not kept, the setting
    /// [`EVENTS_REMOVED`] says.
    async fn events(&self, after: i64, subject: Option<&str>, limit: u32) -> Result<Vec<EventView>, StoreError>;
    /// Decisions about a cluster's size that were made after a moment, oldest first; `limit` of them and whatever else is
    /// of the last one's moment, 0 means all. So whoever goes on after the last one's moment misses none.
    async fn decisions(&self, cluster: &ClusterId, after: Timestamp, limit: u32) -> Result<Vec<DecisionRow>, StoreError>;
    /// What was learned under a key.
    async fn learned(&self, key: &str) -> Result<Option<Fact>, StoreError>;
    /// Removes jobs and clusters that ended before `before`, their variables, requests, events, decisions and documents,
    /// and whatever events, decisions and learned facts are older, since a cluster that lives on tells of more and more;
    /// ledger lines stay. The largest
    /// number of an event that was removed is written down in the same transaction.
    /// A job stays while a cluster made for it lives, and a cluster made for a job stays as long as the job does.
    async fn remove_ended(&self, before: Timestamp) -> Result<Removed, StoreError>;
    /// A small value that must survive, such as a port.
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Writes such a value.
    async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError>;
}
