//! The wish that this process ends. Whoever waits for something else waits for this as well.

use std::sync::Arc;

use tokio::sync::watch;

/// The wish. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Wishes it.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was wished.
    pub(crate) fn begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is wished.
    pub(crate) async fn wait(&self) {
        // The sender lives as long as this value.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
