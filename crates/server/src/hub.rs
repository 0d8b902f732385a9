//! Those who wait for changes: one watch a subject, and one for all.
//!
//! What always holds: a change after [`Hub::watch`] is seen by the next [`Watch::changed`], also when it came before
//! that call. So: watch first, then read, then wait, then read again, and no change is missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caddis_engine::ports::Notifier;
use tokio::sync::watch;

/// The engine's notifier. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    subjects: Mutex<HashMap<String, watch::Sender<()>>>,
    all: watch::Sender<()>,
}

impl Hub {
    /// Watches one subject: `job_…` or `cl_…`.
    pub(crate) fn watch(&self, subject: &str) -> Watch {
        let mut subjects = self.subjects();
        let receiver = subjects.entry(subject.to_owned()).or_default().subscribe();
        Watch { hub: self.clone(), subject: Some(subject.to_owned()), receiver }
    }

    /// Watches everything.
    pub(crate) fn watch_all(&self) -> Watch {
        Watch { hub: self.clone(), subject: None, receiver: self.0.all.subscribe() }
    }

    /// Every change, for those who look at many subjects.
    pub(crate) fn all(&self) -> watch::Receiver<()> {
        self.0.all.subscribe()
    }

    fn subjects(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notifier for Hub {
    fn changed(&self, subject: &str) {
        if let Some(sender) = self.subjects().get(subject) {
            sender.send_replace(());
        }
        self.0.all.send_replace(());
    }
}

/// One who waits.
#[derive(Debug)]
pub(crate) struct Watch {
    hub: Hub,
    subject: Option<String>,
    receiver: watch::Receiver<()>,
}

impl Watch {
    /// Returns when something changed since the watch began, or since the last return.
    pub(crate) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The sender lives as long as a watch of its subject does.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(subject) = &self.subject else { return };
        let mut subjects = self.hub.subjects();
        // This watch is still counted, and nobody can begin another while the map is held.
        if subjects.get(subject).is_some_and(|sender| sender.receiver_count() <= 1) {
            subjects.remove(subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_change_between_watch_and_wait_is_seen_once() {
        let hub = Hub::default();
        let mut watch = hub.watch("job_a");
        let mut all = hub.watch_all();
        hub.changed("job_b");
        assert_eq!(watch.changed().now_or_never(), None);
        hub.changed("job_a");
        assert_eq!(watch.changed().now_or_never(), Some(()));
        assert_eq!(watch.changed().now_or_never(), None);
        assert_eq!(all.changed().now_or_never(), Some(()));
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let hub = Hub::default();
        let (first, mut second) = (hub.watch("job_a"), hub.watch("job_a"));
        drop(first);
        hub.changed("job_a");
        assert_eq!(second.changed().now_or_never(), Some(()));
        drop(second);
        assert!(hub.subjects().is_empty());
    }
}
