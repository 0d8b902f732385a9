//! `uploadType=multipart`: a resource and the bytes in one body.

use super::draft::draft;
use super::split::{Boundary, Split};
use crate::http::ask::{Ask, blocking};
use crate::http::body::{Incoming, resource};
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;

pub(super) async fn upload(ask: &Ask, bucket: &str, mut body: Incoming) -> Answer {
    let boundary = ask.header("content-type").and_then(Boundary::of);
    let boundary = boundary.ok_or_else(|| Refusal::bad("the content type must be `multipart/related` with a boundary"))?;
    let mut split = Split::new(boundary);
    let head = loop {
        let block = body.block().await?.ok_or_else(cut)?;
        if let Some(head) = split.head(&block)? {
            break head;
        }
    };
    let draft = draft(ask, &resource(&head.resource)?, head.content_type.as_deref())?;
    let (bucket, now) = (bucket.to_owned(), ask.now);
    let mut writer = ask.store(move |store| store.writer(&bucket, now)).await?;
    let mut bytes = split.bytes(&[]);
    loop {
        writer = blocking(move || writer.write(&bytes).map(|()| writer)).await?;
        let block = body.block().await?;
        match block {
            // What comes behind the end means nothing.
            Some(_) if split.ended() => bytes = Vec::new(),
            Some(block) => bytes = split.bytes(&block),
            None => break,
        }
    }
    if !split.ended() {
        return Err(cut());
    }
    let object = blocking(move || writer.commit(draft, now)).await?;
    ask.json(&render::object(&object, &ask.base))
}

fn cut() -> Refusal {
    Refusal::bad("the body ends before its last boundary")
}
