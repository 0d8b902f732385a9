//! What this face keeps beside the records: each thing in the client's own words, and which record of ours it became.
//!
//! The present state is not kept: it follows from the records when somebody asks, so that there is one truth and nothing
//! to bring in step after a crash. What was true once and may not be any more is kept: states that are over, and when an
//! update came true. What is asked for is written in the same transaction as what it makes.

mod cluster;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use caddis_engine::Engine;
use caddis_engine::ports::DocumentWrite;
use caddis_types::{ClusterId, JobId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::wire::{Code, Status};

pub(crate) use cluster::{ClusterDocument, Turn, TurningDocument, Was, Wish};

/// How often a call begins anew beside others that change the same.
const TRIES: usize = 10;

/// Something that is kept.
pub(crate) trait Kept: Serialize + DeserializeOwned + Send {
    /// Its kind of document.
    const KIND: &'static str;

    /// The id of the job or cluster that it is removed with, once retention takes that; absent: it stays.
    fn about(&self) -> Option<String> {
        None
    }
}

/// A message of Google's, encoded; fields that are newer than our protos are in it as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoded(pub(crate) Bytes);

impl Serialize for Encoded {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(&text).map_err(serde::de::Error::custom)?;
        Ok(Encoded(bytes.into()))
    }
}

/// A long-running operation. Whether it is done follows from what it is about; of updates it is kept, since workers come
/// and go afterwards.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OperationDocument {
    pub(crate) about: About,
    pub(crate) at: Timestamp,
    pub(crate) owner: String,
    /// Labels of what it is about, at that time.
    pub(crate) labels: std::collections::BTreeMap<String, String>,
    pub(crate) warnings: Vec<String>,
    /// Somebody asked for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_at: Option<Timestamp>,
    /// Since when an update has been done. One that was written before this was kept is.
    #[serde(default = "long_ago")]
    pub(crate) settled_at: Option<Timestamp>,
}

/// Of what was asked for before it was kept when it came true.
fn long_ago() -> Option<Timestamp> {
    Some(Timestamp(0))
}

/// What an operation is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum About {
    /// A cluster: what is done to it, who it is, and how it was asked to be (the response).
    Cluster { what: ClusterWork, name: String, uuid: String, cluster: ClusterId, asked: Encoded },
    /// A job, by its key.
    Job { key: String, id: String },
    /// A workflow, by its key.
    Workflow { key: String },
}

/// What an operation does to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClusterWork {
    Create,
    Update,
    Delete,
    Start,
    Stop,
    Diagnose,
}

impl Kept for OperationDocument {
    const KIND: &'static str = "dataproc.operation";

    fn about(&self) -> Option<String> {
        match &self.about {
            About::Cluster { cluster, .. } => Some(cluster.to_string()),
            About::Job { id, .. } => Some(id.clone()),
            About::Workflow { .. } => None,
        }
    }
}

/// A job as Google's API speaks of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobDocument {
    pub(crate) uuid: String,
    /// What it became.
    pub(crate) job: JobId,
    /// `google.cloud.dataproc.v1.Job`.
    pub(crate) asked: Encoded,
    /// Whether that holds fields that the protos do not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) newer: bool,
    /// A repeated submission with the same id answers the first one's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
}

impl Kept for JobDocument {
    const KIND: &'static str = "dataproc.job";

    fn about(&self) -> Option<String> {
        Some(self.job.to_string())
    }
}

/// A job's id that a client chose, under `P/id`: it is the only one of its project, in whichever region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobNameDocument {
    /// What it became.
    pub(crate) job: JobId,
    pub(crate) region: String,
}

impl Kept for JobNameDocument {
    const KIND: &'static str = "dataproc.job_name";

    fn about(&self) -> Option<String> {
        Some(self.job.to_string())
    }
}

/// An autoscaling policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PolicyDocument {
    /// `google.cloud.dataproc.v1.AutoscalingPolicy`.
    pub(crate) asked: Encoded,
    pub(crate) created_at: Timestamp,
}

impl Kept for PolicyDocument {
    const KIND: &'static str = "dataproc.autoscaling_policy";
}

/// Who may do what with something, as it was set: `google.iam.v1.Policy`, without its etag.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IamDocument {
    pub(crate) policy: Encoded,
}

impl Kept for IamDocument {
    const KIND: &'static str = "dataproc.iam";
}

/// The output of a job that is not told to its end yet, under the job's key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OutputDocument {
    pub(crate) job: JobId,
    /// Where it is told: objects `{prefix}.000000000`, `{prefix}.000000001`, ... of this bucket.
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl Kept for OutputDocument {
    const KIND: &'static str = "dataproc.output";
}

/// Initialization actions of a cluster whose output is not told yet, under the cluster's uuid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InitOutputDocument {
    pub(crate) cluster: ClusterId,
    /// Where it is told.
    pub(crate) bucket: String,
    pub(crate) uuid: String,
    /// The cluster's name.
    pub(crate) name: String,
    /// Which actions they are, in the order of the cluster's setup.
    pub(crate) actions: Vec<u32>,
}

impl Kept for InitOutputDocument {
    const KIND: &'static str = "dataproc.init_output";
}

/// A document that was read.
#[derive(Clone, Debug)]
pub(crate) struct Read<K> {
    pub(crate) key: String,
    pub(crate) number: u64,
    pub(crate) generation: u64,
    pub(crate) body: K,
}

/// The document of this key.
pub(crate) async fn find<K: Kept>(engine: &Engine, key: &str) -> Result<Option<Read<K>>, Status> {
    engine.document(K::KIND, key).await?.map(|document| read(document)).transpose()
}

/// Documents whose keys begin with `prefix`, in the order of keys.
pub(crate) async fn list<K: Kept>(
    engine: &Engine,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<Read<K>>, Status> {
    engine.documents(K::KIND, prefix, after, limit).await?.into_iter().map(read).collect()
}

/// Documents of one place, the one that was made last first, of those that were made before the one of this number.
pub(crate) async fn newest<K: Kept>(
    engine: &Engine,
    folder: &str,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Read<K>>, Status> {
    engine.newest_documents(K::KIND, folder, before, limit).await?.into_iter().map(read).collect()
}

pub(crate) fn read<K: Kept>(document: caddis_engine::ports::Document) -> Result<Read<K>, Status> {
    let body = serde_json::from_str(&document.body).map_err(|error| {
        Status::new(Code::Internal, format!("what is kept of `{}` cannot be read: {error}", document.key))
    })?;
    Ok(Read { key: document.key, number: document.number, generation: document.generation, body })
}

/// Writes `body` where `generation` was read; 0 where there must be none.
pub(crate) fn write<K: Kept>(key: &str, generation: u64, body: &K) -> DocumentWrite {
    let about = body.about();
    let body = serde_json::to_string(body).expect("documents are plain data");
    DocumentWrite { kind: K::KIND.to_owned(), key: key.to_owned(), generation, about, body: Some(body) }
}

/// Tries again when a document was changed between its reading and its writing: everything is looked at anew.
pub(crate) async fn again<T, F: Future<Output = Result<T, Status>>>(mut attempt: impl FnMut() -> F) -> Result<T, Status> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(status) if status.code == Code::Aborted => {}
            answer => return answer,
        }
    }
    attempt().await
}

/// Removes it.
pub(crate) fn remove<K: Kept>(read: &Read<K>) -> DocumentWrite {
    let (kind, key) = (K::KIND.to_owned(), read.key.clone());
    DocumentWrite { kind, key, generation: read.generation, about: None, body: None }
}
