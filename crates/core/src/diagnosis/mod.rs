//! What killed what died: rules over evidence, the first that fits decides.
//!
//! What always holds: a rule looks only at facts that were observed (exit, signal, who killed it, what the entry point
//! wrote, the end of the log), and every cause carries the facts it rests on.

mod cluster;
mod script;
mod setup;
mod text;

/// Why a process that never got ready is ended; what the keeper writes down with its end.
pub const LATE: &str = "it did not get ready in time";
/// Why a worker is ended that its scheduler has lost.
pub const UNHEARD: &str = "its scheduler does not hear it any more";
/// Why a preemptible worker is ended.
pub const PREEMPTED: &str = "it was preempted";

pub use cluster::{preempted, scheduler_death, worker_death};
pub use setup::setup_end;
pub use script::script_end;

#[cfg(test)]
mod tests;
