//! The nouns of Caddis: ids, names, money, time, resources, reasons, causes, and the shapes of the native API.
//!
//! What this room is for: words that every other room and every client shares. Deliberately absent: decisions (see
//! `core`), input and output, and anything that needs a clock or a random source of its own.
//!
//! What always holds: every shape here can be written as JSON and read back unchanged, and unknown enum words are
//! errors, never silently something else.

pub mod api;
pub mod bytes;
pub mod cause;
pub mod dask;
pub mod duration;
pub mod google;
pub mod ids;
pub mod money;
pub mod names;
pub mod reason;
pub mod shape;
pub mod time;
pub mod umask;

pub use cause::{Cause, CauseCode};
pub use ids::{ClusterId, IdError, JobId};
pub use money::NanoDollars;
pub use reason::{Reason, ReasonCode};
pub use time::Timestamp;
pub use umask::Umask;
