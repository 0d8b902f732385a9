//! What is open in a cluster's books: on which terms time is counted now, and how much of it is in lines already.

use std::collections::BTreeMap;

use caddis_types::{JobId, NanoDollars};
use serde::{Deserialize, Serialize};

use crate::world::Member;

/// The open part of a cluster's books.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The jobs that run on a cluster that outlives them, in the order of their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobId>,
    /// Whether nothing has used it for long enough to say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// Living processes of whose lives a part is in lines, by the name of the member.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub meters: BTreeMap<String, Meter>,
    /// What the lines so far say that each of these jobs cost here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<JobId, NanoDollars>,
}

/// How far the books are about one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Lines written.
    pub lines: u32,
    /// Microseconds of its life, from its start, that are in them.
    pub booked_micros: i64,
}

impl Account {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Account::default()
    }

    /// How far the books are about a process.
    pub fn meter(&self, member: &Member) -> Meter {
        self.meters.get(&member.to_string()).copied().unwrap_or_default()
    }
}
