//! Time and randomness.

use caddis_types::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// A fresh seed.
    fn seed(&self) -> [u8; 32];
}
