//! Whether somebody is there: connections, and what outlives them (spliced websockets).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Who is there. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    present: usize,
    last: Instant,
}

impl Activity {
    pub(crate) fn new() -> Activity {
        Activity(Arc::new(Mutex::new(State { present: 0, last: Instant::now() })))
    }

    /// Somebody is there until the answer is dropped.
    pub(crate) fn enter(&self) -> Presence {
        let mut state = self.state();
        state.present += 1;
        state.last = Instant::now();
        drop(state);
        Presence(self.clone())
    }

    /// How long nobody has been there.
    pub(crate) fn idle_for(&self) -> Duration {
        let state = self.state();
        if state.present > 0 { Duration::ZERO } else { state.last.elapsed() }
    }

    /// When somebody came or left the last time.
    pub(crate) fn last(&self) -> Instant {
        self.state().last
    }

    /// How many are there.
    pub(crate) fn present(&self) -> usize {
        self.state().present
    }

    /// Something else shows that the server is needed.
    pub(crate) fn touch(&self) {
        self.state().last = Instant::now();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who is there.
#[derive(Debug)]
pub(crate) struct Presence(Activity);

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.present -= 1;
        state.last = Instant::now();
    }
}
