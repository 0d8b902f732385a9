//! Whose turn it is: a set of keys, each with the earliest time at which somebody wants it looked at.
//!
//! What always holds: a key is handed out to one holder at a time; a wake-up while it is held is not lost but handed
//! out again after; an earlier wish wins over a later one. There is no payload: who is woken reads everything anew.
//! A clock that is set back moves the wishes back with it, so that nobody sleeps through the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use caddis_types::{ClusterId, JobId, Timestamp};
use tokio::sync::Notify;

/// What can be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Who gets capacity next.
    Pool,
    /// One cluster.
    Cluster(ClusterId),
    /// One job.
    Job(JobId),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Pool => f.write_str("pool"),
            Key::Cluster(id) => id.fmt(f),
            Key::Job(id) => id.fmt(f),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    due: BTreeMap<Key, Timestamp>,
    held: BTreeSet<Key>,
    /// What the clock said last.
    seen: Option<Timestamp>,
}

impl State {
    fn follow_clock(&mut self, now: Timestamp) {
        if let Some(back) = self.seen.map(|seen| seen.since(now)).filter(|back| !back.is_zero()) {
            self.due.values_mut().for_each(|due| *due = *due - back);
        }
        self.seen = Some(now);
    }
}

/// The queue; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    state: Arc<Mutex<State>>,
    notify: Arc<Notify>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This key is due, and now held by the caller until [`Queue::done`].
    Now(Key),
    /// Nothing is due before this.
    At(Timestamp),
    /// Nothing is planned.
    Idle,
}

impl Queue {
    /// Wants `key` looked at as soon as possible.
    pub fn wake(&self, key: Key) {
        self.wake_at(key, Timestamp(i64::MIN));
    }

    /// Wants `key` looked at, at `at` or earlier.
    pub fn wake_at(&self, key: Key, at: Timestamp) {
        let mut state = self.lock();
        let due = state.due.entry(key).or_insert(at);
        *due = (*due).min(at);
        drop(state);
        self.notify.notify_one();
    }

    /// Takes the key that is due for longest and not held.
    pub fn next(&self, now: Timestamp) -> Next {
        let mut state = self.lock();
        state.follow_clock(now);
        let free = state.due.iter().filter(|(key, _)| !state.held.contains(*key));
        match free.min_by_key(|(_, due)| **due).map(|(key, due)| (key.clone(), *due)) {
            Some((key, due)) if due <= now => {
                state.due.remove(&key);
                state.held.insert(key.clone());
                Next::Now(key)
            }
            Some((_, due)) => Next::At(due),
            None => Next::Idle,
        }
    }

    /// Gives a key back.
    pub fn done(&self, key: &Key) {
        self.lock().held.remove(key);
        self.notify.notify_one();
    }

    /// Returns when something may have changed.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    /// Keys that are due or held, for tests and for the end of the server.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.due.len() + state.held.iter().filter(|key| !state.due.contains_key(*key)).count()
    }

    /// Whether nothing is planned or held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_and_no_lost_wake_up() {
        let queue = Queue::default();
        let now = Timestamp(10);
        queue.wake(Key::Pool);
        assert_eq!(queue.next(now), Next::Now(Key::Pool));
        queue.wake(Key::Pool);
        assert_eq!(queue.next(now), Next::Idle);
        queue.done(&Key::Pool);
        assert_eq!(queue.next(now), Next::Now(Key::Pool));
        queue.done(&Key::Pool);
        assert!(queue.is_empty());
    }

    #[test]
    fn nobody_sleeps_through_a_clock_that_is_set_back() {
        let queue = Queue::default();
        let second = 1_000_000;
        queue.wake_at(Key::Pool, Timestamp(3600 * second + 5 * second));
        assert_eq!(queue.next(Timestamp(3600 * second)), Next::At(Timestamp(3605 * second)));
        assert_eq!(queue.next(Timestamp(60 * second)), Next::At(Timestamp(65 * second)));
    }

    #[test]
    fn the_earlier_wish_wins() {
        let queue = Queue::default();
        queue.wake_at(Key::Pool, Timestamp(50));
        queue.wake_at(Key::Pool, Timestamp(20));
        queue.wake_at(Key::Pool, Timestamp(90));
        assert_eq!(queue.next(Timestamp(10)), Next::At(Timestamp(20)));
        assert_eq!(queue.next(Timestamp(20)), Next::Now(Key::Pool));
    }
}
