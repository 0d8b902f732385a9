//! `objects.get`: metadata.

use super::media::check_etag;
use super::named;
use crate::http::ask::Ask;
use crate::http::render;
use crate::http::route::Answer;

pub(crate) async fn get(ask: &Ask, bucket: &str, name: &str) -> Answer {
    let source = named(ask, bucket, name)?;
    let object = ask.store(move |store| store.stat_if(&source)).await?;
    check_etag(ask, &object)?;
    ask.json(&render::object(&object, &ask.base))
}
