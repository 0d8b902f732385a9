//! Work over time: groups of tasks, what they wait for, and who submitted them. docs/AUTOSCALING.md describes the file.

mod read;
mod recorded;
mod wrong;

use std::collections::BTreeMap;

use caddis_core::record::Took;
use serde::{Deserialize, Serialize};

pub use recorded::recorded;
pub use wrong::TraceError;

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The work of one trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What it is called.
    pub name: String,
    /// What it is: a class of generated work, `recorded`, or anything else.
    pub class: String,
    /// Groups, each after those that it waits for.
    pub groups: Vec<Group>,
}

/// Tasks that become runnable together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Unique in the trace.
    pub group: String,
    /// The name of its tasks, by which Dask remembers how long they take.
    pub tasks_named: String,
    /// Who waits for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Not submitted before, seconds from the beginning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub at: f64,
    /// Groups that must be done before; all named above this line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Present when the user's program submits it this many seconds after those groups are done; absent when it is part
    /// of the same graph, so that the scheduler knows of it as soon as of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<f64>,
    /// Pairs of a count and the seconds that each of so many tasks takes, in the order in which they are begun.
    pub tasks: Vec<(u64, f64)>,
    /// Bytes of each task's result, held until all groups that wait for it are done.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub bytes: u64,
    /// A group above: only workers that were ready when that one began may run these tasks, as when a shuffle is
    /// unpacked, and none of those workers may go before they are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_by: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_nothing(bytes: &u64) -> bool {
    *bytes == 0
}

impl Group {
    /// How many tasks.
    pub fn count(&self) -> u64 {
        self.tasks.iter().map(|(count, _)| count).sum()
    }

    /// What they take together, seconds of a thread.
    pub fn seconds(&self) -> f64 {
        self.tasks.iter().map(|(count, seconds)| *count as f64 * seconds).sum()
    }

    /// What the longest takes, seconds.
    pub fn longest(&self) -> f64 {
        self.tasks.iter().map(|(_, seconds)| *seconds).fold(0.0, f64::max)
    }

    /// Whether all take the same.
    pub fn is_even(&self) -> bool {
        self.tasks.iter().all(|(_, seconds)| (*seconds - self.tasks[0].1).abs() < 1e-9)
    }
}

impl Trace {
    /// What all tasks take together, seconds of a thread.
    pub fn seconds(&self) -> f64 {
        self.groups.iter().map(Group::seconds).sum()
    }

    /// How many tasks.
    pub fn count(&self) -> u64 {
        self.groups.iter().map(Group::count).sum()
    }

    /// What an earlier run of the same work taught of tasks by name.
    pub fn earlier(&self) -> BTreeMap<String, Took> {
        let mut sums: BTreeMap<&str, (f64, u64, f64)> = BTreeMap::new();
        for group in &self.groups {
            let sum = sums.entry(&group.tasks_named).or_default();
            *sum = (sum.0 + group.seconds(), sum.1 + group.count(), sum.2.max(group.longest()));
        }
        let took = |(seconds, count, longest): (f64, u64, f64)| Took { mean: seconds / count.max(1) as f64, longest };
        sums.into_iter().map(|(name, sum)| (name.to_owned(), took(sum))).collect()
    }

    /// Whether it is one chain: every group waits for the one before it and for nothing else.
    pub fn is_chain(&self) -> bool {
        let follows =
            |pair: &[Group]| pair[1].after.len() == 1 && pair[1].after[0] == pair[0].group && pair[1].at == 0.0;
        self.groups.windows(2).all(follows)
    }

    /// As a file: a line that says what it is, then a line for each group.
    pub fn to_text(&self) -> String {
        let head = read::Head::of(self);
        let mut text = line(&head);
        self.groups.iter().for_each(|group| text.push_str(&line(group)));
        text
    }

    /// Reads what [`Trace::to_text`] wrote, or somebody by hand; refuses what cannot be meant.
    pub fn from_text(text: &str) -> Result<Trace, TraceError> {
        read::trace(text)
    }
}

/// Numbers, texts and lists are always JSON.
fn line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).map(|text| text + "\n").unwrap_or_default()
}
