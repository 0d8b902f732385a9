//! Jobs.

use std::time::Duration;

use caddis_types::api::{CancelWish, EventView, JobView, JobWish, Stream};
use hyper::Method;
use tokio::io::AsyncRead;

use super::millis;
use crate::exchange::{boxed, empty, part};
use crate::logs::{LogQuery, Logs};
use crate::stdin::Input;
use crate::{Client, ClientError};

impl Client {
    /// Submits a job. With a request key the call may be repeated.
    pub async fn submit_job(&self, wish: &JobWish) -> Result<JobView, ClientError> {
        self.post("/v1/jobs", wish).await
    }

    /// The caller's jobs, newest first; a `limit` of 0 means all.
    pub async fn jobs(&self, active: bool, limit: u32) -> Result<Vec<JobView>, ClientError> {
        self.get(&format!("/v1/jobs?active={active}&limit={limit}")).await
    }

    /// One job by id or name; `latest` means the newest.
    pub async fn job(&self, reference: &str) -> Result<JobView, ClientError> {
        self.get(&format!("/v1/jobs/{}", part(reference))).await
    }

    /// One job, as soon as its generation is above `after`, or as it is when `wait` is over.
    pub async fn watch_job(&self, reference: &str, after: u64, wait: Duration) -> Result<JobView, ClientError> {
        let (reference, wait) = (part(reference), millis(wait));
        self.get(&format!("/v1/jobs/{reference}?after_generation={after}&wait_ms={wait}")).await
    }

    /// Wishes the end of a job; with `hurry` it skips the polite part. May be repeated.
    pub async fn cancel_job(&self, reference: &str, hurry: bool) -> Result<JobView, ClientError> {
        self.post(&format!("/v1/jobs/{}/cancel", part(reference)), &CancelWish { hurry }).await
    }

    /// Submits an ended job again, as a new one.
    pub async fn retry_job(&self, reference: &str) -> Result<JobView, ClientError> {
        self.post(&format!("/v1/jobs/{}/retry", part(reference)), &serde_json::json!({})).await
    }

    /// One output of a job. With `follow` it waits for the first attempt, and ends when the attempt has.
    pub async fn job_logs(&self, reference: &str, stream: Stream, query: LogQuery) -> Result<Logs, ClientError> {
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        let path = format!("/v1/jobs/{}/logs/{stream}?{}", part(reference), query.text());
        Logs::new(self.exchange(Method::GET, &path, empty()).await?, query.offset)
    }

    /// Sends standard input until it ends or the job does; it ends the job's standard input too.
    pub async fn send_stdin(
        &self,
        reference: &str,
        input: impl AsyncRead + Send + Unpin + 'static,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/jobs/{}/stdin", part(reference));
        self.exchange(Method::PUT, &path, boxed(Input::new(input))).await.map(drop)
    }

    /// What happened to a job, oldest first.
    pub async fn job_events(&self, reference: &str) -> Result<Vec<EventView>, ClientError> {
        self.get(&format!("/v1/jobs/{}/events", part(reference))).await
    }
}
