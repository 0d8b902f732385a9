//! The wish that this process ends. Whoever waits for something else waits for this as well.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Serving,
    /// What was begun is answered, nothing else is.
    Ending,
    /// What is still being answered is cut off.
    Cut,
}

/// The wish. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(Arc<watch::Sender<Stage>>);

impl Shutdown {
    /// Wishes it.
    pub(crate) fn begin(&self) {
        self.reach(Stage::Ending);
    }

    /// Ends the patience with those who are still being answered: from now on nothing writes in this process's name.
    pub(crate) fn cut(&self) {
        self.reach(Stage::Cut);
    }

    /// Whether it was wished.
    pub(crate) fn begun(&self) -> bool {
        *self.0.borrow() >= Stage::Ending
    }

    /// Returns when it is wished.
    pub(crate) async fn wait(&self) {
        self.reached(Stage::Ending).await;
    }

    /// Does something to its end, or until patience is over; answers nothing then.
    pub(crate) async fn until_cut<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = something => Some(result),
            () = self.reached(Stage::Cut) => None,
        }
    }

    fn reach(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let later = stage > *now;
            *now = stage.max(*now);
            later
        });
    }

    async fn reached(&self, stage: Stage) {
        // The sender lives as long as this value.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}
