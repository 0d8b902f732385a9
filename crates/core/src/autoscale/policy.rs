//! The figures of the rule, which a policy file may change. Every field has a default and a unit; an unknown one is an
//! error that names it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The figures of the rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What is runnable shall be done within this many seconds: the smaller, the more workers.
    pub target_seconds: f64,
    /// Fewer workers must be enough for this long before one goes, seconds.
    pub shrink_after_seconds: f64,
    /// Memory above this asks for a worker, and for as long keeps those there are: 0 to 1. The mission says 85 %.
    pub memory_high: f64,
    /// CPU above this adds workers while runnable tasks exceed threads, and otherwise only keeps them: 0 to 1. The
    /// mission says 80 %.
    pub cpu_high: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { target_seconds: 5.0, shrink_after_seconds: 10.0, memory_high: 0.85, cpu_high: 0.80 }
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

impl Policy {
    /// Refuses figures that cannot be meant, naming the field.
    pub fn check(&self) -> Result<(), PolicyError> {
        let refuse = |field, value, why| Err(PolicyError { field, value, why });
        for (field, value) in
            [("target_seconds", self.target_seconds), ("shrink_after_seconds", self.shrink_after_seconds)]
        {
            if !value.is_finite() || value < 0.0 {
                return refuse(field, value, "it must be a time of at least 0 seconds");
            }
        }
        for (field, value) in [("memory_high", self.memory_high), ("cpu_high", self.cpu_high)] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(field, value, "it must lie between 0 and 1");
            }
        }
        Ok(())
    }
}
