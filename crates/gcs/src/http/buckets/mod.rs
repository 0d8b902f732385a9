//! Methods of buckets.

mod delete;
mod get;
mod insert;
mod layout;
mod list;
mod patch;
mod permissions;

pub(super) use delete::delete;
pub(super) use get::get;
pub(super) use insert::insert;
pub(super) use layout::{layout, managed_folders};
pub(super) use list::list;
pub(super) use patch::patch;
pub(super) use permissions::permissions;
