//! What killed what died: rules over evidence, the first that fits decides.
//!
//! What always holds: a rule looks only at facts that were observed (exit, signal, who killed it, what the entry point
//! wrote, the end of the log), and every cause carries the facts it rests on.

mod cluster;
mod script;
mod setup;
mod text;

pub use cluster::{scheduler_death, worker_death};
pub use setup::setup_end;
pub use script::script_end;

#[cfg(test)]
mod tests;
