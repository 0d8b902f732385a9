//! Lines of the ledger: the intervals of the lives of schedulers and workers, each written once.

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

/// An interval of one process's life and what it would have cost. Its key is written at most once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// `<cluster>/<member>`, and for the second and later intervals of a process `#2`, `#3`, ...
    pub key: String,
    /// Whose.
    pub owner: String,
    /// The cluster.
    pub cluster: ClusterId,
    /// The job it served, when that was one alone.
    pub job: Option<JobId>,
    /// The jobs that shared it, in the order of their ids: each has an equal part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<JobId>,
    /// Tags of the cluster.
    pub tags: BTreeMap<String, String>,
    /// The profile of the cluster.
    #[serde(default)]
    pub profile: String,
    /// The machine type whose price it has.
    #[serde(default)]
    pub machine: String,
    /// What kind of process.
    pub kind: LedgerKind,
    /// Whether it might be taken away at any time, for a lower price.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preemptible: bool,
    /// Whether nothing used its cluster.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// When the interval began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The price in force, an hour.
    pub price_hour: NanoDollars,
    /// Microseconds that are paid beyond the interval: less than a minute of a machine cannot be had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum_micros: i64,
    /// Price times time, rounded once.
    pub cost: NanoDollars,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl LedgerLine {
    /// The length of the interval, microseconds.
    pub fn micros(&self) -> i64 {
        self.ended_at.0 - self.started_at.0
    }

    /// The jobs that it served.
    pub fn jobs(&self) -> &[JobId] {
        if self.shared.is_empty() { self.job.as_slice() } else { &self.shared }
    }
}
