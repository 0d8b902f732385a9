//! What a cluster remembers of how its size is decided.

use std::collections::BTreeMap;

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::{DecisionRow, Took};
use crate::autoscale::Memory;

/// What is known before the first worker has started anywhere: generous for a process, short for a machine.
const START_SECONDS: f64 = 1.0;

/// How a cluster's size is decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scaling {
    /// Somebody fixed the number of workers: the load does not move it.
    pub fixed: bool,
    /// When somebody last said how many workers there are to be, or in which range the load decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// What the rule carries from one look to the next.
    pub memory: Memory,
    /// From asking for a worker to its first word, seconds: a mean in which the last starts count most.
    pub start_seconds: f64,
    /// What one task took in earlier runs, by the name that Dask gives its kind.
    pub durations: BTreeMap<String, Took>,
    /// What one task took in this run, known when it ends.
    pub measured: BTreeMap<String, Took>,
    /// Preemptible workers could not be had.
    pub shortage: Option<Shortage>,
    /// The slot of a preemptible worker that is to take the place of an on-demand one, until it serves.
    pub swap: Option<u32>,
    /// The last decision that was another than the one before it, or that began or ended work.
    pub last: Option<DecisionRow>,
}

/// There is no capacity for preemptible workers: on-demand ones take their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// Since when.
    pub since: Timestamp,
    /// Until when none is asked for.
    pub until: Timestamp,
    /// How often in a row one was refused.
    pub times: u32,
}

impl Default for Scaling {
    fn default() -> Self {
        Scaling {
            fixed: false,
            said_at: None,
            memory: Memory::default(),
            start_seconds: START_SECONDS,
            durations: BTreeMap::new(),
            measured: BTreeMap::new(),
            shortage: None,
            swap: None,
            last: None,
        }
    }
}
