//! A small Google Cloud Storage: its JSON API in front of a folder, as Google's clients, gcsfs and gcloud speak it.

mod glob;
pub mod store;
#[cfg(test)]
mod testing;

pub use store::{Store, StoreError};
