//! The keeper with real processes: it is started, killed and asked as the server does it.

mod support;

mod ends;
mod silence;
mod starts;
mod survives;
mod troubles;
mod watches;
