//! What happens by the clock: leases, sweeping, retention. One file a task; each is one function that does it once.

mod leases;
mod retention;
mod sweep;

pub use leases::renew as renew_leases;
pub use retention::remove_old;
pub use sweep::sweep;
