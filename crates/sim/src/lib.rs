//! Development only: the production loop against a simulated world, with faults, on virtual time.
//!
//! What this room is for: finding the bugs that need a crash at one instruction, a lost answer, a stale look. The
//! engine under test is `caddis_engine` as it ships: its passes, its calls, its tasks. The [`world`] plays keeper,
//! processes, environments and schedulers; [`ports`] put a fault point before and behind every call; the [`driver`]
//! runs passes side by side in an order that the seed decides; [`check`] says what must never be, and what must come
//! true after the storm. Deliberately absent: threads, real time, real files, an async runtime.
//!
//! What always holds: a seed decides everything, so a run can be repeated to the last step; a crash drops the engine
//! value and its memory, and the next one is built from the store alone; a checker that a planted bug ([`mutant`])
//! escapes is a checker with a hole.

pub mod chaos;
pub mod check;
pub mod driver;
pub mod hub;
pub mod kept;
pub mod mutant;
pub mod options;
pub mod ports;
pub mod report;
pub mod run;
pub mod sweep;
pub mod users;
pub mod world;

pub use mutant::Mutant;
pub use options::Options;
pub use run::{Failure, Outcome, seed};
