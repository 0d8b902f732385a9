//! The JSON API: one file a method. [`service`] finds out who asks, [`route`] finds the method.

mod ask;
mod batch;
mod body;
mod buckets;
mod objects;
mod partial;
mod refusal;
mod render;
mod route;
mod service;
mod uploads;

pub use body::Body;
pub use service::{Credentials, Service, serves};
