//! Rows: what the loop knows, in memory or in SQLite, behind `caddis_engine::ports::Store`.
//!
//! What this room is for: [`MemStore`] and [`SqliteStore`], which answer alike. Deliberately absent: any decision. A
//! store compares generations and names, and otherwise keeps what it is given.
//!
//! What always holds: a change is made whole or not at all; a stored generation is at least 1 and grows by one with
//! each change; lists are ordered by id, and ids sort by age; a ledger line is written once and never removed.

mod body;
pub mod mem;
mod row;
pub mod sqlite;
mod trouble;

pub use mem::MemStore;
pub use sqlite::SqliteStore;
