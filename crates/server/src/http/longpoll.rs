//! Waiting for a change without asking again and again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::face::Face;
use crate::hub::Watch;

/// The longest that a request waits; a client that wants longer asks again.
const LONGEST: Duration = Duration::from_secs(60);

/// The parameters of a request that may wait.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wait {
    /// Answer as soon as the generation is above this.
    pub(super) after_generation: Option<u64>,
    /// Answer after so long in any case, milliseconds; at most a minute.
    pub(super) wait_ms: u64,
}

/// How long a request still waits.
pub(super) struct Patience {
    until: Instant,
}

impl Patience {
    pub(super) fn new(wait_ms: u64) -> Patience {
        Patience { until: Instant::now() + Duration::from_millis(wait_ms).min(LONGEST) }
    }

    /// Waits for a change; answers no when it is time to answer as things are.
    pub(super) async fn wait(&self, face: &Face, watch: &mut Watch) -> bool {
        tokio::select! {
            biased;
            () = watch.changed() => true,
            () = face.shutdown.wait() => false,
            () = tokio::time::sleep_until(self.until) => false,
        }
    }
}
