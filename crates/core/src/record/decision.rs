//! Decisions about a cluster's size with what they went by, for those who replay them: written in the same transaction as
//! the record, where they changed it.

use std::collections::BTreeMap;

use caddis_types::shape::WorkerRange;
use caddis_types::{ClusterId, NanoDollars, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::autoscale::{self, Decision, Economy, Memory, Policy, Signals, Why};

/// One decision. It holds all that the rule went by, so that it can be made again from itself alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Of which cluster.
    pub cluster: ClusterId,
    /// When.
    pub at: Timestamp,
    /// Fewest workers of the range.
    pub min: u32,
    /// Most workers of the range.
    pub max: u32,
    /// Workers that it was told to have before.
    pub current: u32,
    /// Workers that it was told to have from then on.
    pub target: u32,
    /// The rule that gave the target.
    pub why: Why,
    /// What the scheduler and the records said.
    pub signals: Signals,
    /// From asking for a worker to its first word, seconds, as far as it was known.
    pub start_seconds: f64,
    /// A worker an hour.
    pub worker_hour: NanoDollars,
    /// The figures of the rule.
    #[serde(default)]
    pub policy: Policy,
    /// What earlier looks had left.
    #[serde(default)]
    pub memory: Memory,
}

/// What is stored of a row beside its cluster and its moment.
#[derive(Deserialize, Serialize)]
#[serde(default)]
struct Body {
    min: u32,
    max: u32,
    current: u32,
    target: u32,
    why: Why,
    signals: Signals,
    start_seconds: f64,
    worker_hour: NanoDollars,
    /// Written by themselves, since their figures are not rounded.
    #[serde(skip_serializing)]
    policy: Policy,
    #[serde(skip_serializing)]
    memory: Memory,
}

impl Default for Body {
    fn default() -> Self {
        let (min, max, current, target) = (0, 0, 0, 0);
        let (signals, start_seconds, worker_hour) = (Signals::default(), 0.0, NanoDollars(0));
        let (policy, memory) = (Policy::default(), Memory::default());
        Body { min, max, current, target, why: Why::Steady, signals, start_seconds, worker_hour, policy, memory }
    }
}

impl DecisionRow {
    /// The row as it is stored: what is zero or absent is left out, and fractions have four digits.
    pub fn body(&self) -> Value {
        let row = self.clone();
        let body = Body {
            min: row.min,
            max: row.max,
            current: row.current,
            target: row.target,
            why: row.why,
            signals: row.signals,
            start_seconds: row.start_seconds,
            worker_hour: row.worker_hour,
            policy: Policy::default(),
            memory: Memory::default(),
        };
        let mut body = compact(serde_json::to_value(body).unwrap_or_default());
        body["policy"] = serde_json::to_value(&self.policy).unwrap_or_default();
        if self.memory != Memory::default() {
            body["memory"] = said(serde_json::to_value(&self.memory).unwrap_or_default());
        }
        body
    }

    /// What the rule says of it: of a row that this version wrote, the same again.
    pub fn again(&self) -> Decision {
        let (range, economy) = (WorkerRange { min: self.min, max: self.max }, Economy::ours(self.start_seconds, self.worker_hour));
        autoscale::decide(&self.policy, range, self.current, &self.signals, &economy, &self.memory, self.at)
    }

    /// A row as it was stored.
    pub fn read(cluster: ClusterId, at: Timestamp, body: &str) -> Result<DecisionRow, serde_json::Error> {
        let body: Body = serde_json::from_str(body)?;
        Ok(DecisionRow {
            cluster,
            at,
            min: body.min,
            max: body.max,
            current: body.current,
            target: body.target,
            why: body.why,
            signals: body.signals,
            start_seconds: body.start_seconds,
            worker_hour: body.worker_hour,
            policy: body.policy,
            memory: body.memory,
        })
    }
}

fn compact(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, compact(value)));
            Value::Object(fields.filter(|(name, value)| !is_nothing(name, value)).collect())
        }
        Value::Number(number) if number.is_f64() => {
            Value::from((number.as_f64().unwrap_or_default() * 10_000.0).round() / 10_000.0)
        }
        other => other,
    }
}

/// Fields that say something.
fn said(value: Value) -> Value {
    let says = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| says(value)).collect()),
        other => other,
    }
}

/// Fields that may be absent: a zero of theirs was counted.
const COUNTED: [&str; 2] = ["idle", "closable"];

fn is_nothing(name: &str, value: &Value) -> bool {
    value.is_null() || (value.as_f64() == Some(0.0) && !COUNTED.contains(&name))
}

/// Something learned from what ran, to be kept for what runs later: the newest word replaces the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// What it is about: [`Learned::START`], or one of [`Learned::durations_key`].
    pub key: String,
    /// When it was learned.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
}

/// What can be learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// From asking for a worker to its first word, seconds.
    StartSeconds(f64),
    /// What one task takes, by the name that Dask gives its kind.
    Durations(BTreeMap<String, Took>),
}

/// What tasks of one kind took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Took {
    /// On average, seconds.
    pub mean: f64,
    /// The longest that one was seen to run, seconds.
    pub longest: f64,
}

impl Learned {
    /// How long workers take to start here.
    pub const START: &'static str = "start";

    /// How long the tasks of an owner's program take.
    pub fn durations_key(owner: &str, program: &str) -> String {
        format!("durations {owner} {program}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written_and_nothing_is_written_of_nothing() {
        let some = Signals { idle: Some(0), closable: Some(0), ..Signals::default() };
        let signals = Signals { at: Timestamp(7), processing: 3, occupancy: 1.234_567, cpu: 0.0, ..some };
        let row = DecisionRow {
            cluster: "cl_0123456789abcdef".parse().unwrap(),
            at: Timestamp(9),
            min: 0,
            max: 4,
            current: 0,
            target: 2,
            why: Why::Backlog,
            signals,
            start_seconds: 0.3,
            worker_hour: NanoDollars(5),
            policy: Policy { slack: 1.234_567_8, ..Policy::default() },
            memory: Memory { grew_at: Some(Timestamp(3)), ..Memory::default() },
        };
        let body = row.body().to_string();
        assert!(!body.contains("\"cpu\"") && !body.contains("\"min\""), "{body}");
        let read = DecisionRow::read(row.cluster.clone(), row.at, &body).unwrap();
        let rounded = Signals { occupancy: 1.2346, ..row.signals.clone() };
        assert_eq!(read, DecisionRow { signals: rounded, ..row });
        assert!(DecisionRow::read(read.cluster, read.at, "7").is_err());
    }
}
