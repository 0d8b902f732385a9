//! Money and worker time: intervals of the lives of schedulers and workers, from the launcher's facts.
//!
//! [`book`] makes lines, [`cuts`] says where a life is cut for certain (midnight, another price), [`open`] what would be
//! written if everything ended now, [`countdown`] how long a limit lasts, [`report`] adds up, [`fixed`] is what costs money while nobody works. On which terms
//! a cluster's time is counted, and when they change, is decided with the cluster (`cluster/accounting.rs`).
//!
//! What always holds: the lines of a process are its life, cut into pieces that follow each other without a gap and
//! without an overlap; each lies within one day and at one price; a line is written once, in the transaction that takes
//! note of what it is about; the sum over the groups of a report is its total, to the nano-dollar.
//!
//! A life is measured by a clock that nobody sets: a line's times are the start of the process by the clock of that
//! moment, and what it had lived since. A clock that jumps moves the times of lines, never their lengths.

mod book;
mod countdown;
mod cuts;
mod fixed;
mod open;
pub mod report;
mod shared;

pub use book::{Life, book, enter};
pub use countdown::lasts;
pub use cuts::{last_cut, next_cut};
pub use fixed::FixedCost;
pub use open::{Foreseen, dearest, first_minutes, foresee, granted, job_cost, least, least_soon, open, usage};
pub use shared::{Part, part_of};

#[cfg(test)]
mod tests;
