//! What is aimed at, and whether a run reached it.

use serde_json::{Value, json};

use super::sections::READS;
use crate::bench::start::numbers::Numbers;

/// What a read of a long history may take.
const READ_MS: f64 = 10.0;
/// What a warm cluster may take.
const RUNNING_MS: f64 = 1000.0;

/// One aim.
pub(super) struct Aim {
    /// For people.
    pub(super) text: String,
    /// What was measured, in milliseconds.
    pub(super) value: f64,
    /// What it may be at most.
    pub(super) limit: f64,
}

impl Aim {
    /// Whether it was reached.
    pub(super) fn reached(&self) -> bool {
        self.value <= self.limit
    }

    /// For the JSON file.
    pub(super) fn json(&self) -> Value {
        json!({"aim": self.text, "value": self.value, "limit": self.limit, "unit": "ms", "reached": self.reached()})
    }
}

/// All aims that this run says something of.
pub(super) fn aims(numbers: &Numbers) -> Vec<Aim> {
    let mut aims = Vec::new();
    if let Some(running) = numbers.summary("idle", "running") {
        for (what, value) in [("p50", running.median), ("p99", running.p99)] {
            let text = format!("warm CreateCluster to RUNNING, one user, {what}");
            aims.push(Aim { text, value, limit: RUNNING_MS });
        }
    }
    for what in READS {
        for wire in ["gRPC", "REST"] {
            if let Some(read) = numbers.summary("history", &format!("{what} {wire}")) {
                aims.push(Aim { text: format!("{what}, {wire}, p99"), value: read.p99, limit: READ_MS });
            }
        }
    }
    aims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_is_judged() {
        let mut numbers = Numbers::default();
        assert!(aims(&numbers).is_empty());
        numbers.push("history", "GetJob REST", 10.5);
        numbers.push("idle", "running", 900.0);
        let found: Vec<_> = aims(&numbers).into_iter().map(|aim| (aim.text.clone(), aim.reached())).collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].1 && found[1].1 && !found[2].1, "{found:?}");
    }
}
