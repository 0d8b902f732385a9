//! The loop: wake, read one snapshot, let `core` decide, commit the intent, act, record.
//!
//! What this room is for: [`ports`] (what the loop needs of the outside, as traits), [`queue`] (whose turn it is),
//! [`pass`] (one look at one thing), [`calls`] (what users may ask for), [`tasks`] (what happens by the clock) and the
//! [`driver`] that runs them. Deliberately absent: every implementation of a port, and any decision (see `core`).
//!
//! What always holds: one pass a key at a time; a wake-up carries no payload; an intent is committed before its
//! effect; every effect may be repeated; nothing that a pass learned survives it but through the store. The simulator
//! runs the same passes.

pub mod calls;
pub mod driver;
pub mod pass;
pub mod ports;
pub mod queue;
pub mod tasks;

pub use driver::{Engine, RESYNC};
pub use ports::Ports;
pub use queue::{Key, Queue};
