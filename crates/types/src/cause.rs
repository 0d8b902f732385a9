//! Causes: what killed what died, with the evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reason::codes;

codes! {
    /// The stable code of a cause of death.
    CauseCode {
        /// The script exited with a code other than zero by its own choice.
        ExitCode = "exit_code",
        /// An exception reached the top of the script.
        Exception = "exception",
        /// A module could not be imported.
        ImportError = "import_error",
        /// The script is not valid Python.
        SyntaxError = "syntax_error",
        /// A worker, or the script itself, ran out of memory.
        OutOfMemory = "out_of_memory",
        /// A worker process died again and again on the same task.
        WorkersLost = "workers_lost",
        /// A preemptible worker was taken away.
        Preempted = "preempted",
        /// A worker's host hangs or is cut off: the process may be there, but its scheduler does not hear it.
        HostLost = "host_lost",
        /// A user cancelled it.
        Cancelled = "cancelled",
        /// Somebody outside Caddis sent a signal.
        KilledBySignal = "killed_by_signal",
        /// It ran longer than it was allowed to.
        Timeout = "timeout",
        /// It would have cost more than it was allowed to.
        CostLimit = "cost_limit",
        /// The scheduler ended under the job.
        SchedulerLost = "scheduler_lost",
        /// The cluster could not be started.
        ClusterStart = "cluster_start",
        /// A program that was to set the cluster up failed, or took too long.
        SetupFailed = "setup_failed",
        /// The cluster was stopped while the job ran on it.
        ClusterStopped = "cluster_stopped",
        /// The Python environment could not be built or used.
        EnvironmentBuild = "environment_build",
        /// There was no room on a disk.
        DiskFull = "disk_full",
        /// Client, scheduler and workers have versions that do not fit.
        VersionSkew = "version_skew",
        /// The machine was started anew.
        HostRebooted = "host_rebooted",
        /// It ended while nobody could watch, and left no word.
        Unknown = "unknown",
    }
}

/// One fact that supports a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was looked at, such as `worker`, `limit`, `last frame`.
    pub what: String,
    /// What was found.
    pub found: String,
}

/// Why something ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// For machines.
    pub code: CauseCode,
    /// For people.
    pub sentence: String,
    /// What supports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Cause {
    /// A cause without evidence yet.
    pub fn new(code: CauseCode, sentence: impl Into<String>) -> Cause {
        Cause { code, sentence: sentence.into(), evidence: Vec::new(), hint: None }
    }

    /// The same, with one more fact.
    #[must_use]
    pub fn with(mut self, what: impl Into<String>, found: impl Into<String>) -> Cause {
        self.evidence.push(Evidence { what: what.into(), found: found.into() });
        self
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Cause {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_same_word_in_json_and_in_text() {
        for code in CauseCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
