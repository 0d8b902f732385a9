//! The figures of the rule, which `[autoscale]` of the config file and a policy file may change. Every field has a
//! default and a unit. Readers refuse those that are not in [`Policy::FIELDS`], each with the name nearest to it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The figures of the rule. docs/AUTOSCALING.md says how the defaults were found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The work may take this many times as long as with all the workers that it could use, so that fewer are started:
    /// 1 or more.
    pub slack: f64,
    /// A new worker shall find this much work for each of its threads, seconds.
    pub least_work_seconds: f64,
    /// And this many times its own start-up: it is paid for while it starts.
    pub work_per_start: f64,
    /// An hour sooner is worth at most this, dollars; 0 means that every hour is.
    pub hour_worth: f64,
    /// Fewer workers must be enough for this long before one goes, seconds; less where they start fast, as `hold_starts`
    /// says.
    pub shrink_after_seconds: f64,
    /// Spare workers are kept this many times as long as one takes to start (a second at least), unless it is known how
    /// long pauses last here.
    pub hold_starts: f64,
    /// Memory above this asks for a worker, and for as long keeps those there are: 0 to 1. The mission says 85 %.
    pub memory_high: f64,
    /// CPU above this adds workers while runnable tasks exceed threads, and otherwise only keeps them: 0 to 1. The
    /// mission says 80 %.
    pub cpu_high: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            slack: 1.08,
            least_work_seconds: 2.0,
            work_per_start: 0.5,
            hour_worth: 5000.0,
            shrink_after_seconds: 10.0,
            hold_starts: 4.0,
            memory_high: 0.85,
            cpu_high: 0.80,
        }
    }
}

/// A policy that cannot be meant.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("policy: `{field}` is {value}: {why}")]
pub struct PolicyError {
    /// Which field.
    pub field: &'static str,
    /// What it was.
    pub value: f64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Longer than any cluster lives that is scaled by the second.
const DAY: f64 = 86_400.0;

impl Policy {
    /// The names of the fields, for suggestions.
    pub const FIELDS: [&'static str; 8] = [
        "slack",
        "least_work_seconds",
        "work_per_start",
        "hour_worth",
        "shrink_after_seconds",
        "hold_starts",
        "memory_high",
        "cpu_high",
    ];

    /// Refuses figures that cannot be meant, naming the field.
    pub fn check(&self) -> Result<(), PolicyError> {
        let rules = [
            ("slack", self.slack, 1.0, 100.0, "it must lie between 1 and 100"),
            ("least_work_seconds", self.least_work_seconds, 0.0, DAY, "it must be between 0 seconds and a day"),
            ("work_per_start", self.work_per_start, 0.0, 1000.0, "it must lie between 0 and 1000"),
            ("hour_worth", self.hour_worth, 0.0, 1e9, "it must be between 0 and 1,000,000,000 dollars"),
            ("shrink_after_seconds", self.shrink_after_seconds, 0.0, DAY, "it must be between 0 seconds and a day"),
            ("hold_starts", self.hold_starts, 0.0, 1000.0, "it must lie between 0 and 1000"),
            ("memory_high", self.memory_high, 0.1, 1.0, "it must lie between 0.1 and 1"),
            ("cpu_high", self.cpu_high, 0.0, 1.0, "it must lie between 0 and 1"),
        ];
        match rules.into_iter().find(|(_, value, least, most, _)| !(*least..=*most).contains(value)) {
            Some((field, value, _, _, why)) => Err(PolicyError { field, value, why }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_names_its_field() {
        assert_eq!(Policy::default().check(), Ok(()));
        let wrong = |policy: Policy| policy.check().unwrap_err().field;
        assert_eq!(wrong(Policy { slack: 0.9, ..Policy::default() }), "slack");
        assert_eq!(wrong(Policy { least_work_seconds: -1.0, ..Policy::default() }), "least_work_seconds");
        assert_eq!(wrong(Policy { hour_worth: f64::NAN, ..Policy::default() }), "hour_worth");
        assert_eq!(wrong(Policy { memory_high: 85.0, ..Policy::default() }), "memory_high");
        assert_eq!(wrong(Policy { shrink_after_seconds: f64::INFINITY, ..Policy::default() }), "shrink_after_seconds");
    }

    #[test]
    fn every_field_is_known_by_name() {
        let json = serde_json::to_value(Policy::default()).unwrap();
        let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = Policy::FIELDS;
        names.sort_unstable();
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
