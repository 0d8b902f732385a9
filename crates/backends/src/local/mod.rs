//! Where things run on this machine.
//!
//! [`backend`] is the engine's port; below it [`keeper`] holds processes, [`environment`] makes Python environments,
//! and the smaller files each know one thing: names in the state folder, certificates, bundles, the machine.

mod backend;
mod bundle;
mod certificates;
mod environments;
pub mod environment;
pub mod keeper;
mod launch;
mod machine;
mod members;
pub mod paths;
mod private;
pub mod program;
mod runtime;

pub use backend::{LocalBackend, LocalOptions};
pub use machine::{cpus, ram_bytes};
pub use runtime::digest as runtime_digest;
