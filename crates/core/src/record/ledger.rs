//! Lines of the ledger: one a process, written once, when its end is known.

use std::collections::BTreeMap;

use caddis_types::{ClusterId, JobId, NanoDollars, Timestamp};
use serde::{Deserialize, Serialize};

/// What kind of process a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// The cluster's scheduler.
    Scheduler,
    /// A worker.
    Worker,
}

/// One process's time and what it would have cost. Its key is written at most once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// `<cluster>/<member>`: a process has one line for ever.
    pub key: String,
    /// Whose.
    pub owner: String,
    /// The cluster.
    pub cluster: ClusterId,
    /// The job it served, when it was made for one.
    pub job: Option<JobId>,
    /// Tags of the cluster.
    pub tags: BTreeMap<String, String>,
    /// What kind of process.
    pub kind: LedgerKind,
    /// When the process started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The price in force, an hour.
    pub price_hour: NanoDollars,
    /// Price times time, rounded once.
    pub cost: NanoDollars,
}
