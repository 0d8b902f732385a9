//! `buckets.patch` (a merge) and `buckets.update` (PUT: the whole).

use http::Method;

use crate::http::ask::Ask;
use crate::http::body::Incoming;
use crate::http::render;
use crate::http::route::Answer;

pub(crate) async fn patch(ask: &Ask, name: &str, body: Incoming) -> Answer {
    ask.bucket(name)?;
    let (given, conditions) = (body.resource().await?, ask.conditions("if")?);
    let (name, whole, now) = (name.to_owned(), ask.head.method == Method::PUT, ask.now);
    let bucket = ask.store(move |store| store.patch_bucket(&name, &given, whole, &conditions, now)).await?;
    ask.json(&render::bucket(&bucket, &ask.base))
}
