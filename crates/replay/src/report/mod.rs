//! What came of it: policies beside each other, in tables and pictures.

mod compare;
mod markdown;
mod picture;

pub use compare::{Bound, Case, Row, TIMES, Verdict, case};
pub use markdown::markdown;
pub use picture::{Curve, svg};
