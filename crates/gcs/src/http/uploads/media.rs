//! `uploadType=media`: the body is the object.

use serde_json::Map;

use super::draft::draft;
use crate::http::ask::{Ask, blocking};
use crate::http::body::Incoming;
use crate::http::render;
use crate::http::route::Answer;

pub(super) async fn upload(ask: &Ask, bucket: &str, mut body: Incoming) -> Answer {
    let draft = draft(ask, &Map::new(), ask.header("content-type"))?;
    let (bucket, now) = (bucket.to_owned(), ask.now);
    let mut writer = ask.store(move |store| store.writer(&bucket, now)).await?;
    while let Some(block) = body.block().await? {
        writer = blocking(move || writer.write(&block).map(|()| writer)).await?;
    }
    let object = blocking(move || writer.commit(draft, now)).await?;
    ask.json(&render::object(&object, &ask.base))
}
