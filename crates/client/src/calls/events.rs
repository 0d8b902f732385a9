//! Reasons and events.

use std::time::Duration;

use caddis_types::api::{EventView, WhyView};

use super::millis;
use crate::exchange::part;
use crate::{Client, ClientError};

impl Client {
    /// Why a job or a cluster is as it is, the most direct reason first.
    pub async fn why(&self, reference: &str) -> Result<WhyView, ClientError> {
        self.get(&format!("/v1/why/{}", part(reference))).await
    }

    /// Events after the number `after`, oldest first; waits up to `wait` for the first one.
    pub async fn events(
        &self,
        after: i64,
        subject: Option<&str>,
        wait: Duration,
    ) -> Result<Vec<EventView>, ClientError> {
        let subject = subject.map(|subject| format!("&subject={}", part(subject))).unwrap_or_default();
        self.get(&format!("/v1/events?after={after}&wait_ms={}{subject}", millis(wait))).await
    }
}
