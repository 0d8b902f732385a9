//! The shape of a cluster: how many workers of what size, and how Dask is set up on them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fractions of a worker's memory limit at which Dask, or Caddis, does something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryThresholds {
    /// Managed data above this is written to disk, least recently used first.
    pub target: f64,
    /// Resident size above this writes data to disk until it is below `target`.
    pub spill: f64,
    /// Resident size above this stops new tasks.
    pub pause: f64,
    /// Size above this ends the worker; Caddis enforces it.
    pub terminate: f64,
}

impl MemoryThresholds {
    /// The figures of the mission, with `spill` set explicitly (Dask's own 0.7 below the target would do nothing).
    pub const MISSION: MemoryThresholds = MemoryThresholds { target: 0.85, spill: 0.90, pause: 0.95, terminate: 0.98 };
    /// Dask's own, which leave room on small workers; 98 % is enforced all the same.
    pub const DASK: MemoryThresholds = MemoryThresholds { target: 0.60, spill: 0.70, pause: 0.80, terminate: 0.98 };
}

/// How many workers of what size a cluster has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterShape {
    /// The name of the profile it came from.
    pub profile: String,
    /// Fewest workers.
    pub workers_min: u32,
    /// Most workers.
    pub workers_max: u32,
    /// Threads a worker.
    pub threads: u32,
    /// Memory limit a worker, bytes.
    pub memory_bytes: u64,
    /// When Dask spills, pauses, and when Caddis ends a worker.
    pub thresholds: MemoryThresholds,
    /// Whether idle workers take tasks from busy ones.
    pub work_stealing: bool,
    /// `distributed.scheduler.worker-saturation`; absent means Dask's default (1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_saturation: Option<f64>,
    /// Whether the scheduler serves its dashboard.
    pub dashboard: bool,
    /// Whether each worker runs under Dask's Nanny, for jobs that need NannyPlugins.
    #[serde(default)]
    pub nanny: bool,
    /// The machine type of a worker on Google Cloud, whose price counts.
    #[serde(default = "usual_machine")]
    pub machine_type: String,
    /// The machine type of the scheduler on Google Cloud.
    #[serde(default = "usual_machine")]
    pub scheduler_machine_type: String,
    /// So many workers are never preemptible, and those that come on top of them are; absent: none is. The scheduler never
    /// is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand: Option<u32>,
    /// The share of those on top that are preemptible, 0 to 1; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemptible_share: Option<f64>,
    /// Preemptions an hour of each preemptible worker, played by Caddis itself so that people can try their jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempt_rate: Option<f64>,
    /// The price of a worker an hour on Google Cloud, nano-dollars, when the cluster was asked for.
    pub worker_price_hour: crate::NanoDollars,
    /// The same of a worker that may be taken away at any time.
    #[serde(default)]
    pub preemptible_price_hour: crate::NanoDollars,
    /// The price of the scheduler an hour on Google Cloud, nano-dollars.
    pub scheduler_price_hour: crate::NanoDollars,
}

/// The mission's machine type; clusters of before there was a choice had it.
fn usual_machine() -> String {
    "n2-standard-4".to_owned()
}

/// What somebody asked for on top of a profile; absent means the profile's value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShapeWish {
    /// Which profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Fewest workers; with it the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkerRange>,
    /// Threads a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Bytes a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Whether Dask's Nanny runs.
    #[serde(default)]
    pub nanny: bool,
    /// The machine type whose price a worker has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// The machine type whose price the scheduler has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler_machine_type: Option<String>,
    /// So many workers that are never preemptible; those that come on top of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand: Option<u32>,
    /// The share of those on top that are preemptible, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemptible_share: Option<f64>,
    /// Preemptions an hour of each preemptible worker, played by Caddis itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempt_rate: Option<f64>,
    /// `Some(false)` leaves the dashboard out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<bool>,
}

/// `2..10`, or `4` for exactly four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerRange {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// A text that is not a range of workers.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a range of workers: {why}\nhint: write `4` for exactly four or `2..10` for two to ten")]
pub struct RangeError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::str::FromStr for WorkerRange {
    type Err = RangeError;
    fn from_str(text: &str) -> Result<Self, RangeError> {
        let error = |why| RangeError { text: text.to_owned(), why };
        let number = |part: &str| match part.trim() {
            "" => Err(error("one of its ends is missing")),
            digits if digits.len() > 9 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(error("more than 10,000 workers are not supported"))
            }
            other => other.parse::<u32>().map_err(|_| error("not a whole number")),
        };
        let range = match text.split_once("..") {
            Some((min, max)) => WorkerRange { min: number(min)?, max: number(max.trim_start_matches('='))? },
            None => number(text).map(|n| WorkerRange { min: n, max: n })?,
        };
        range.check().map_err(error)?;
        Ok(range)
    }
}

impl WorkerRange {
    /// What is wrong with a range that no cluster can have.
    pub fn check(self) -> Result<(), &'static str> {
        match self {
            WorkerRange { max: 0, .. } => Err("a cluster needs at least one worker"),
            WorkerRange { min, max } if min > max => Err("the minimum is above the maximum"),
            WorkerRange { max, .. } if max > 10_000 => Err("more than 10,000 workers are not supported"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!("2..10".parse(), Ok(WorkerRange { min: 2, max: 10 }));
        assert_eq!("4".parse(), Ok(WorkerRange { min: 4, max: 4 }));
        assert_eq!("0..3".parse(), Ok(WorkerRange { min: 0, max: 3 }));
        for bad in ["0", "", "10..2", "a..b", "-1", "1..", "99999"] {
            assert!(bad.parse::<WorkerRange>().is_err(), "{bad}");
        }
    }
}
