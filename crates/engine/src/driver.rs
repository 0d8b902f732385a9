//! Running the loop in production: tokio tasks around the same passes that the simulator runs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use caddis_types::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::pass::{self, PassError};
use crate::ports::{ClusterFilter, JobFilter, Ports, StoreError};
use crate::queue::Next;
use crate::{Key, Queue};

/// Passes at one time. They mostly wait for the disk, so more than processors; few enough to stay small.
const PASSES: usize = 8;
/// How long passes that are under way may take at the end; then they are cut, which each of them bears anywhere.
const LAST_PASSES: Duration = Duration::from_secs(2);
/// How soon a pass that failed is made again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often everything that has not ended is looked at, news or not. Wake-ups are hints: one that was lost, or that
/// came before its news could be seen, costs this much time and nothing else.
pub const RESYNC: Duration = Duration::from_secs(30);

/// The loop and what it works on. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    /// The outside.
    pub ports: Ports,
    /// Whose turn it is.
    pub queue: Queue,
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(ports: Ports, queue: Queue) -> Engine {
        Engine { ports, queue }
    }

    /// Wakes everything that has not ended: the first thing after a start, since nothing is remembered but rows.
    pub async fn wake_all(&self) -> Result<(), StoreError> {
        for job in self.ports.store.jobs(&JobFilter { active: true, ..JobFilter::default() }).await? {
            self.queue.wake(Key::Job(job.id));
        }
        for cluster in self.ports.store.clusters(&ClusterFilter { active: true, ..ClusterFilter::default() }).await? {
            self.queue.wake(Key::Cluster(cluster.id));
        }
        self.queue.wake(Key::Pool);
        Ok(())
    }

    /// Makes passes until `end`. When this returns no pass is under way any more: whoever holds the database next
    /// finds nobody else at work on it.
    pub async fn run(&self, end: impl Future<Output = ()>) {
        let mut passes = JoinSet::new();
        tokio::select! {
            () = end => {}
            () = self.pass_for_ever(&mut passes) => {}
            () = self.resync_for_ever() => {}
        }
        let all = async { while passes.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_PASSES, all).await.is_err() {
            tracing::info!("{} passes were under way at the end and are cut", passes.len());
            passes.shutdown().await;
        }
    }

    async fn resync_for_ever(&self) {
        loop {
            tokio::time::sleep(RESYNC).await;
            if let Err(error) = self.wake_all().await {
                tracing::error!(error.code, error.message, "what has not ended cannot be listed just now");
            }
        }
    }

    async fn pass_for_ever(&self, passes: &mut JoinSet<()>) {
        let room = Arc::new(Semaphore::new(PASSES));
        loop {
            let now = self.ports.clock.now();
            match self.queue.next(now) {
                Next::Now(key) => {
                    let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                    // Those that are done are forgotten; one that panicked has said so itself.
                    while passes.try_join_next().is_some() {}
                    let engine = self.clone();
                    passes.spawn(async move {
                        engine.one(&key).await;
                        drop(permit);
                    });
                }
                Next::At(due) => self.wait(due.since(now)).await,
                Next::Idle => self.wait(Duration::from_secs(60)).await,
            }
        }
    }

    async fn wait(&self, span: Duration) {
        tokio::select! {
            () = self.queue.changed() => {}
            () = tokio::time::sleep(span) => {}
        }
    }

    /// One pass, and what follows from it.
    pub async fn one(&self, key: &Key) {
        let _held = Held { queue: &self.queue, key };
        let (outcome, result) = pass::run(key, &self.ports).await;
        self.follow(key, outcome);
        if let Err(error) = result {
            self.make_again(key, error);
        }
    }

    fn follow(&self, key: &Key, outcome: pass::Outcome) {
        if let Some(due) = outcome.due {
            self.queue.wake_at(key.clone(), due.max(soonest(self.ports.clock.now())));
        }
        for key in outcome.wakes {
            self.queue.wake(key);
        }
    }

    fn make_again(&self, key: &Key, error: PassError) {
        match error {
            PassError::Conflict(why) => {
                tracing::debug!(key = %key, why, "somebody else was faster; the pass is made again");
                self.queue.wake(key.clone());
            }
            PassError::Store(error) => {
                tracing::error!(key = %key, error.code, error.message, "a pass could not be made and is made again");
                self.queue.wake_at(key.clone(), self.ports.clock.now() + AGAIN);
            }
        }
    }
}

/// A due time in the past would spin; a millisecond is short enough for any decision.
fn soonest(now: Timestamp) -> Timestamp {
    now + Duration::from_millis(1)
}

/// Gives the key back also when the pass panics: one bad record must not hold up what wakes after it.
struct Held<'a> {
    queue: &'a Queue,
    key: &'a Key,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.queue.done(self.key);
    }
}
