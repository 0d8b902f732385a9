//! What the keeper does about its own size when nothing happens.

use std::time::Duration;

use super::clock;
use super::keeper::Keeper;
use crate::memory;

/// Nothing was said to us for so long.
const QUIET: Duration = Duration::from_secs(2);

impl Keeper {
    /// Something was said: the program is in use.
    pub(super) fn is_in_use(&mut self) {
        self.thrift_due = Some(clock::now() + QUIET);
    }

    /// Lets go of what only the last busy while needed, once after each.
    pub(super) fn be_thrifty(&mut self, now: Duration) {
        if self.thrift_due.is_some_and(|due| due <= now) {
            self.thrift_due = None;
            memory::let_go_of_all();
        }
    }
}
