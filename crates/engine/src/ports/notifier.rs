//! Telling those who wait that something changed. A wake-up without payload: who is woken reads again.

/// Wakes watchers.
pub trait Notifier: Send + Sync {
    /// `subject` (`job_…` or `cl_…`) has a new generation or new events.
    fn changed(&self, subject: &str);
}
