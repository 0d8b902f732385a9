//! Attempts that failed and are followed by another one.

use std::time::Duration;

use caddis_core::restart::retry_pause;
use caddis_types::api::{AttemptView, JobPhase, JobView};
use caddis_types::duration;

/// The number of the attempt that is on, or that is waited for; 0 before the first one.
pub(super) fn number(job: &JobView) -> usize {
    let over = job.attempts.last().is_some_and(|attempt| attempt.ended_at.is_some());
    job.attempts.len() + usize::from(over && !job.phase.is_final())
}

/// `, attempt 2`, from the second one on.
pub(super) fn label(job: &JobView) -> String {
    match number(job) {
        0 | 1 => String::new(),
        number => format!(", attempt {number}"),
    }
}

/// Tells of each failed attempt once, before the next one takes its place.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    told: usize,
    delay: Duration,
}

impl Retries {
    /// Nothing was told yet; `delay` is the pause before the first retry.
    pub fn new(delay: Duration) -> Retries {
        Retries { told: 0, delay }
    }

    /// What failed since the last time. Of the last attempt the summary tells.
    pub fn next(&mut self, job: &JobView) -> Vec<String> {
        if job.phase.is_final() {
            return Vec::new();
        }
        let failed = job.attempts.iter().enumerate().filter(|(_, attempt)| attempt.ended_at.is_some()).skip(self.told);
        let lines: Vec<String> = failed.map(|(index, attempt)| self.one(job, index, attempt)).collect();
        self.told += lines.len();
        lines
    }

    fn one(&self, job: &JobView, index: usize, attempt: &AttemptView) -> String {
        let why = attempt.cause.as_ref().map(|cause| format!(": {}", cause.sentence)).unwrap_or_default();
        let waits = job.phase == JobPhase::Queued && index + 1 == job.attempts.len();
        let pause = if waits { self.pause(&job.attempts) } else { Duration::ZERO };
        let when = match pause {
            Duration::ZERO => "begins".to_owned(),
            pause => format!("begins in {}", duration::display(pause)),
        };
        format!("caddis: attempt {} failed{why}; attempt {} {when}", attempt.number, attempt.number + 1)
    }

    /// As the server counts it: an attempt that never reached the script is started anew at once, and is no retry.
    fn pause(&self, attempts: &[AttemptView]) -> Duration {
        let begun = |attempt: &&AttemptView| attempt.started_at.is_some() || attempt.exit_code.is_none();
        let tried = attempts.iter().filter(begun).count();
        match attempts.last().filter(begun) {
            Some(_) => retry_pause(self.delay, u32::try_from(tried).unwrap_or(u32::MAX)),
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// A job whose attempts have failed so often, and that waits for the next one.
    fn failed(times: u32) -> JobView {
        let mut job = testing::queued_job();
        let attempt = testing::failed_job().attempts.remove(0);
        job.attempts = (1..=times).map(|number| AttemptView { number, ..attempt.clone() }).collect();
        job
    }

    #[test]
    fn each_failed_attempt_is_told_once_with_its_cause_and_the_pause() {
        let mut retries = Retries::new(Duration::from_millis(200));
        assert!(retries.next(&testing::queued_job()).is_empty());
        let why = "ModuleNotFoundError: No module named 'pyarrow'";
        assert_eq!(retries.next(&failed(1)), [format!("caddis: attempt 1 failed: {why}; attempt 2 begins in 200 ms")]);
        assert!(retries.next(&failed(1)).is_empty());
        assert_eq!(retries.next(&failed(2)), [format!("caddis: attempt 2 failed: {why}; attempt 3 begins in 400 ms")]);
        assert!(retries.next(&testing::failed_job()).is_empty(), "the summary says it");
    }

    #[test]
    fn a_pause_that_is_over_already_is_not_told() {
        let mut again = failed(1);
        again.phase = JobPhase::Cluster;
        let mut running = again.attempts[0].clone();
        (running.number, running.ended_at) = (2, None);
        again.attempts.push(running);
        let told = Retries::new(Duration::from_secs(1)).next(&again);
        assert!(told.len() == 1 && told[0].ends_with("; attempt 2 begins"), "{told:?}");
        let mut lost = failed(1);
        lost.attempts[0].started_at = None;
        let told = Retries::new(Duration::from_secs(1)).next(&lost);
        assert!(told[0].ends_with("attempt 2 begins"), "it never reached the script: {told:?}");
    }

    #[test]
    fn the_stages_of_a_retry_have_its_number() {
        assert_eq!([0, 1, 2].map(|times| label(&failed(times))), ["", ", attempt 2", ", attempt 3"]);
        assert_eq!(label(&testing::job("RUNNING")), "");
        assert_eq!(label(&testing::failed_job()), "", "nothing follows");
    }
}
