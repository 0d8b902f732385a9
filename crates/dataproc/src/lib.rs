//! The Dataproc face: Google's API for clusters and jobs, as Airflow, gcloud and Google's own libraries speak it.
//!
//! What this room is for: two wires (gRPC, and REST transcoded by the published `google.api.http` rules) in front of
//! the same methods, one file each, which all end in domain calls of the engine. What Google's clients must find again
//! is kept as documents beside the records, written in the same transaction; states follow from the records.
//! Deliberately absent: decisions, processes, ports of its own (the server listens).
//!
//! What always holds: no request without credentials reaches a method; every mutation with a request id is made once;
//! a refusal has Google's code for its situation and names the field.

mod clusters;
mod documents;
mod face;
mod filter;
mod iam;
mod jobs;
mod operations;
mod page;
mod place;
mod policies;
mod raw;
mod records;
mod regions;
pub mod retention;
mod service;
mod tasks;
mod waits;
mod wire;
mod workflows;
mod wrong;

pub use face::{Dataproc, InitActions, Outputs, Piece};
pub use regions::REGIONS;
pub use service::{Credentials, Service};
