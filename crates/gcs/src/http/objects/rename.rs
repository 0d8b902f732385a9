//! `objects.move`: another name in the same bucket.

use super::named;
use crate::http::ask::Ask;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::Source;

pub(crate) async fn rename(ask: &Ask, bucket: &str, name: &str, to: &str) -> Answer {
    let target = named(ask, bucket, to)?;
    let source = Source { name: name.to_owned(), conditions: ask.conditions("ifSource")?, generation: None, ..target.clone() };
    let now = ask.now;
    let moved = ask.store(move |store| {
        let moved = store.copy(&source, &target.bucket, &target.name, None, target.conditions, now)?;
        if source.name != target.name {
            store.delete_if(&source)?;
        }
        Ok(moved)
    });
    let moved = moved.await?;
    ask.json(&render::object(&moved, &ask.base))
}
