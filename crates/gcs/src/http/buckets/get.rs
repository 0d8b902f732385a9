//! `buckets.get`.

use crate::http::ask::Ask;
use crate::http::render;
use crate::http::route::Answer;

pub(crate) fn get(ask: &Ask, name: &str) -> Answer {
    let bucket = ask.bucket(name)?;
    ask.conditions("if")?.check_bucket(bucket.metageneration, true)?;
    ask.json(&render::bucket(&bucket, &ask.base))
}
