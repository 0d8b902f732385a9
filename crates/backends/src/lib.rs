//! The outside: local processes with their keeper, environments, the Dask link, certificates.
//!
//! What this room is for: implementations of the engine's ports that touch the machine. Deliberately absent:
//! decisions, rows, and faces.

mod blocking;
pub mod clock;
pub mod dask;
pub mod local;
pub mod memory;
mod plain;

pub use blocking::blocking;
pub use plain::plain;
