//! The room as others see it: one conformance suite for both stores, and what only a file can go through.

mod child;
mod conformance;
mod crash;
mod decisions;
mod golden;
mod opening;
mod outage;
mod support;
