//! Records: what the database says. One row a job, one row a cluster, each changed whole under a generation.
//!
//! What always holds: `generation` is the one that was read; the store writes the next one and refuses a stale one.

mod account;
mod cluster;
mod decision;
mod event;
mod job;
mod ledger;
mod scaling;

pub use account::{Account, Meter};
pub use cluster::{
    ClusterRecord, ClusterState, Leaving, MemberPhase, Retirement, SchedulerRecord, SetupRecord, SlotRecord, StopWhy,
};
pub use decision::{DecisionRow, Fact, Learned, Took};
pub use event::NewEvent;
pub use job::{AttemptPhase, AttemptRecord, Bundle, Cancel, JobRecord, JobState, Outcome, StopCause};
pub use ledger::{LedgerKind, LedgerLine};
pub use scaling::{Scaling, Shortage};
