//! Work on files beside the runtime: the server has two threads, and a slow disk must not hold them.

use std::panic::resume_unwind;

/// Does work that waits for a disk on a thread that may wait. What it panics with, the caller panics with.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Only a runtime that ends refuses work, and whoever waits ends with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_runtime_goes_on_meanwhile() {
        let (done, wait) = mpsc::channel();
        let work = blocking(move || wait.recv_timeout(Duration::from_secs(20)).is_ok());
        let (in_time, ()) = tokio::join!(work, async move { done.send(()).expect("somebody waits") });
        assert!(in_time, "whatever else there was to do waited for it");
    }
}
