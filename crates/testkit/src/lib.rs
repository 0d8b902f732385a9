//! Development only: helpers for tests that start the real binary.
//!
//! What always holds: each test has a state folder of its own, nothing of it is left in the process table when the test
//! ends, and waits are on a level with a bound and a message.

mod environment;
mod notes;
mod processes;
mod wait;
mod world;

pub use environment::{environment, interpreters};
pub use notes::{assert_cause, note, produced, skip};
pub use processes::{Process, processes_naming};
pub use wait::{PATIENCE, wait_for, wait_within};
pub use world::{Run, World};
