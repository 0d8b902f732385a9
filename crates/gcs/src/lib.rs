//! A small Google Cloud Storage: its JSON API in front of a folder, as Google's clients, gcsfs and gcloud speak it.
//!
//! What this room is for: a store that keeps buckets and objects ([`store`]), which the Dataproc face uses directly, and
//! the HTTP face in front of it ([`Service`]), one file a method.
//! Deliberately absent: ports, TLS, credentials of its own (the server says whose a token is), and whatever Google's
//! storage does for many users and places: access lists, versions, retention, replication.
//!
//! What always holds: nothing is answered without credentials; a body never stands in memory whole; a request that is
//! wrong in whatever way is told so, with Google's error body.

mod glob;
mod http;
pub mod store;
#[cfg(test)]
mod testing;

pub use glob::Glob;
pub use http::{Body, Credentials, Service, serves};
pub use store::{Store, StoreError};
