//! What is kept of clusters.

use caddis_types::{ClusterId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Encoded, Kept};
use crate::policies::Scaling;

/// A cluster as Google's API speaks of it. It lasts until it is deleted, also when nothing of it runs any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClusterDocument {
    /// Google's id of this very cluster; another one of the same name has another.
    pub(crate) uuid: String,
    /// What it is now; another one after a stop and a start.
    pub(crate) cluster: ClusterId,
    /// As it was asked for, and changed since: `google.cloud.dataproc.v1.Cluster`.
    pub(crate) asked: Encoded,
    /// Whether that holds fields that the protos do not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) newer: bool,
    /// When it was asked for.
    pub(crate) created_at: Timestamp,
    /// What was asked of it later and shows in its states, oldest first.
    pub(crate) turns: Vec<Turn>,
    /// What its owner should know; operations carry it as warnings.
    pub(crate) warnings: Vec<String>,
    /// What its autoscaling policy says, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scaling: Option<Scaling>,
    /// Its end, whatever uses it then; of its lifetime or as it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<Timestamp>,
}

/// A wish that changes what a cluster is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) wish: Wish,
    pub(crate) at: Timestamp,
    /// How many workers there will be after it; of updates that change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workers: Option<u32>,
    /// When it came true, of updates and stops. One that was written before this was kept did.
    #[serde(default = "super::long_ago")]
    pub(crate) settled_at: Option<Timestamp>,
    /// The states between the turn before it and this one: what they followed from goes on and changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) before: Vec<Was>,
}

impl Turn {
    /// A wish that is still to come true.
    pub(crate) fn new(wish: Wish, at: Timestamp) -> Turn {
        Turn { wish, at, workers: None, settled_at: None, before: Vec::new() }
    }
}

/// A state that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Was {
    /// In Google's word.
    pub(crate) state: String,
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
}

/// What is wished of a cluster that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    Update,
    Stop,
    Start,
    Delete,
}

impl Kept for ClusterDocument {
    const KIND: &'static str = "dataproc.cluster";

    fn about(&self) -> Option<String> {
        // A stopped cluster waits to be started or deleted, however long ago its last Dask ended.
        let stopped = self.turns.last().is_some_and(|turn| turn.wish == Wish::Stop);
        (!stopped).then(|| self.cluster.to_string())
    }
}

/// A sign that a cluster's last turn is still to come true, under the key of its operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TurningDocument {
    pub(crate) cluster: ClusterId,
    /// Of the cluster's document.
    pub(crate) key: String,
    pub(crate) uuid: String,
    /// How many turns there are with it: of a later one it says nothing.
    pub(crate) turns: usize,
}

impl TurningDocument {
    /// Of the last turn of the cluster with this key.
    pub(crate) fn of(key: &str, document: &ClusterDocument) -> TurningDocument {
        let (cluster, uuid) = (document.cluster.clone(), document.uuid.clone());
        TurningDocument { cluster, key: key.to_owned(), uuid, turns: document.turns.len() }
    }
}

impl Kept for TurningDocument {
    const KIND: &'static str = "dataproc.turning";

    fn about(&self) -> Option<String> {
        Some(self.cluster.to_string())
    }
}
