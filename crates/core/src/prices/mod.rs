//! What machines cost on Google Cloud: a dated list, and the price in force at a moment.
//!
//! The list that ships with Caddis (`gcp.toml`) names a source for every row; an own one takes its place by the config.
//! [`list`] is the list and its lookups, [`parse`] reads a file and refuses what cannot be meant, naming row and field,
//! [`tariff`] is one region's prices as decisions use them. Deliberately absent: discounts for commitment or sustained
//! use, since a cluster that is gone in an hour has neither; taxes; traffic.
//!
//! What always holds: prices are whole nano-dollars; the rows of one thing do not overlap and leave no hole, so that at
//! any moment exactly one is in force; before the first row the first one counts.

mod list;
mod parse;
mod tariff;

pub use list::{DiskRow, MachineRow, PremiumRow, PriceList, built_in};
pub use parse::{PriceError, parse};
pub use tariff::{Rates, Role, Tariff};

#[cfg(test)]
mod tests;
