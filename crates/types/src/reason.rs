//! Reasons: why something waits, runs, idles or ended. The same in CLI, API, web page and notifications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every code, for documentation and for the check that a test brings about each.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable word for machines.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// The stable code of a reason.
    ReasonCode {
        /// The pool has fewer free worker slots than the job needs.
        WaitingForCapacity = "waiting_for_capacity",
        /// An earlier attempt failed; the next one starts later.
        WaitingForRetry = "waiting_for_retry",
        /// The Python environment is being built.
        BuildingEnvironment = "building_environment",
        /// The scheduler or the first workers are starting.
        StartingCluster = "starting_cluster",
        /// The cluster is there; the script is being started.
        StartingScript = "starting_script",
        /// The script runs.
        ScriptRunning = "script_running",
        /// The cluster serves a job.
        ServingJob = "serving_job",
        /// Somebody is connected, or tasks or data are held.
        InUse = "in_use",
        /// Nothing uses the cluster; it ends at a known time.
        Idle = "idle",
        /// A worker died and is replaced after a pause.
        ReplacingWorker = "replacing_worker",
        /// Fewer workers than wanted serve so far.
        WaitingForWorkers = "waiting_for_workers",
        /// The load decides how many workers there are, and why so many.
        FollowsLoad = "follows_load",
        /// Somebody decided how many workers there are.
        FixedSize = "fixed_size",
        /// A worker hands its data over before it ends.
        DrainingWorker = "draining_worker",
        /// The cluster is kept after a failure, to be looked at.
        KeptAfterFailure = "kept_after_failure",
        /// It ends at a known time, whatever uses it.
        TimeLimited = "time_limited",
        /// Members are being ended.
        Stopping = "stopping",
        /// What runs cannot be seen just now.
        WorldUnknown = "world_unknown",
        /// It is over; the cause says how.
        Ended = "ended",
    }
}

/// Why something is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// For machines.
    pub code: ReasonCode,
    /// For people: lowercase, names in backticks, what is true now.
    pub sentence: String,
    /// Since when.
    pub since: Timestamp,
    /// What will change it, and when; or what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Reason {
    /// A reason without a known next step.
    pub fn new(code: ReasonCode, sentence: impl Into<String>, since: Timestamp) -> Reason {
        Reason { code, sentence: sentence.into(), since, next: None }
    }

    /// The same, with what comes next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Reason {
        self.next = Some(next.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_same_word_in_json_and_in_text() {
        for code in ReasonCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
