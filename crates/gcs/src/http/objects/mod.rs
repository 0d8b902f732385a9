//! Methods of objects that are there.

mod compose;
mod copy;
mod delete;
mod get;
mod list;
mod media;
mod patch;
mod range;
mod rename;

use crate::http::ask::Ask;
use crate::http::refusal::Refusal;
use crate::store::Source;

pub(super) use compose::compose;
pub(super) use copy::{copy, rewrite};
pub(super) use delete::delete;
pub(super) use get::get;
pub(super) use list::list;
pub(super) use media::media;
pub(super) use patch::patch;
pub(super) use rename::rename;

/// The object that a request names, in a bucket of the asker's own.
fn named(ask: &Ask, bucket: &str, name: &str) -> Result<Source, Refusal> {
    ask.bucket(bucket)?;
    Ok(Source {
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        generation: ask.number("generation")?,
        conditions: ask.conditions("if")?,
    })
}
