//! Uploads of all three kinds. Bytes go to the disk as they come.

mod draft;
mod media;
mod multipart;
mod progress;
mod resumable;
mod split;

use http::Method;

use super::ask::Ask;
use super::body::Incoming;
use super::refusal::Refusal;
use super::route::Answer;

pub(super) use split::{Boundary, find};

/// `objects.insert`, and what continues it.
pub(super) async fn answer(ask: &Ask, bucket: &str, body: Incoming) -> Answer {
    ask.bucket(bucket)?;
    if let Some(id) = ask.get("upload_id") {
        return resumable::resume(ask, bucket, id, body).await;
    }
    if ask.head.method != Method::POST && ask.head.method != Method::PUT {
        return Err(Refusal::required("upload_id"));
    }
    match ask.get("uploadType") {
        Some("media") => media::upload(ask, bucket, body).await,
        Some("multipart") => multipart::upload(ask, bucket, body).await,
        Some("resumable") => resumable::begin(ask, bucket, body).await,
        Some(other) => Err(Refusal::parameter("uploadType", format!("`{other}` is not `media`, `multipart` or `resumable`"))),
        None => Err(Refusal::required("uploadType")),
    }
}
