//! How many workers a cluster should have: a pure function of what its scheduler says, of what is known of this kind of
//! work and of this backend, and of what was decided before.
//!
//! `signals` is what goes in, `policy` the figures that a file may change, `memory` what is carried from one look to the
//! next. `decide` is the rule: `backlog` says how soon the work ends with how many workers, `growth` what more workers
//! would be for, `need` below what the cluster must not fall, `hold` how long spare ones are kept, `unhelped` which tasks
//! none of them can run. `decision` is what comes out, with its reason, which `words` says for people. The same function runs in production, in the simulator of
//! faults and in the replay of traces. Deliberately absent: records and processes (`cluster` turns a decision into
//! slots), the pool's limit (`admission`), whom to close (the scheduler says).
//!
//! What always holds: the target lies in the range; the same input gives the same decision; a decision names the figures
//! that it went by; no worker is let go sooner after growth than it takes to start one.

mod backlog;
mod decide;
mod decision;
mod growth;
mod hold;
mod memory;
mod need;
mod policy;
mod signals;
#[cfg(test)]
mod tests;
pub(crate) mod unhelped;
mod words;

pub use decide::decide;
pub use decision::{Decision, Why};
pub use memory::{Level, Memory, Pauses};
pub use policy::{Policy, PolicyError};
pub use signals::{Economy, Signals};
pub use unhelped::Unhelped;
