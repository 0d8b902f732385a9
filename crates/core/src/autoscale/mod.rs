//! How many workers a cluster should have: a pure function of what its scheduler says, of what is known of this kind of
//! work and of this backend, and of what was decided before.
//!
//! `signals` is what goes in, `policy` the figures that a file may change, `memory` what is carried from one look to the
//! next, `decide` the rule, `decision` what comes out, with its reason. The same function runs in production, in the
//! simulator of faults and in the replay of traces. Deliberately absent: records and processes (`cluster` turns a
//! decision into slots), the pool's limit (`admission`), whom to close (the scheduler says).
//!
//! What always holds: the target lies in the range; the same input gives the same decision; a decision names the figures
//! that it went by.

mod decide;
mod decision;
mod memory;
mod policy;
mod signals;

pub use decide::decide;
pub use decision::{Decision, Why};
pub use memory::Memory;
pub use policy::{Policy, PolicyError};
pub use signals::{Economy, Signals};
