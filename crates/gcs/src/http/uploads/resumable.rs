//! `uploadType=resumable`: begun here, continued by any number of requests, asked about, cancelled.

use std::sync::Arc;

use http::{HeaderValue, Method, Response, StatusCode, header};

use super::draft::{draft, expected};
use super::progress::Bringing;
use crate::http::Body;
use crate::http::ask::{Ask, blocking, nothing};
use crate::http::body::Incoming;
use crate::http::refusal::Refusal;
use crate::http::render::{self, piece};
use crate::http::route::Answer;
use crate::store::{Object, Progress, Turn, Upload};

/// Begins an upload: the answer says where its bytes go.
pub(super) async fn begin(ask: &Ask, bucket: &str, body: Incoming) -> Answer {
    let draft = draft(ask, &body.resource().await?, ask.header("x-upload-content-type"))?;
    let total = match ask.header("x-upload-content-length").map(str::parse) {
        Some(Ok(total)) => Some(total),
        Some(Err(_)) => return Err(Refusal::bad("`X-Upload-Content-Length` is not a number")),
        None => None,
    };
    let upload = Upload::new(&ask.owner, bucket, draft, total, ask.now);
    let id = ask.store(move |store| store.begin_upload(&upload)).await?;
    let mut response = nothing(StatusCode::OK);
    let place = format!("{}/upload/storage/v1/b/{}/o?uploadType=resumable&upload_id={id}", ask.base, piece(bucket));
    for (name, value) in [("location", place), ("x-guploader-uploadid", id)] {
        response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|_| Refusal::bad("no link can be made"))?);
    }
    Ok(response)
}

/// Continues, asks about or cancels an upload.
pub(super) async fn resume(ask: &Ask, bucket: &str, id: &str, mut body: Incoming) -> Answer {
    let (known, asked) = (id.to_owned(), id.to_owned());
    let upload = ask.store(move |store| store.upload(&known)).await?;
    if upload.owner != ask.owner || upload.bucket != bucket {
        return Err(Refusal::not_found("No such upload session"));
    }
    if ask.head.method == Method::DELETE {
        ask.store(move |store| store.cancel_upload(&asked)).await?;
        return Ok(nothing(StatusCode::from_u16(499).unwrap_or(StatusCode::NO_CONTENT)));
    }
    let bringing = Bringing::of(ask.header("content-range"));
    let bringing = bringing.ok_or_else(|| Refusal::bad("`Content-Range` cannot be read"))?;
    let (turn, progress) = ask.store(move |store| store.continue_upload(&asked)).await?;
    let known = match progress {
        Progress::Finished(object) => {
            while body.block().await?.is_some() {}
            return ask.json(&render::object(&object, &ask.base));
        }
        Progress::Received(known) => known,
    };
    // A question is answered whoever continues the upload at the same time: a connection that was cut may be read late.
    if matches!(bringing, Bringing::Nothing { total } if total.or(upload.total) != Some(known)) {
        return Ok(incomplete(ask, known));
    }
    let turn = Arc::new(turn);
    let (received, total) = take(&turn, bringing, upload.total, &mut body).await?;
    match total {
        Some(total) if received > total => Err(Refusal::bad(format!("{received} bytes were received of an object of {total}"))),
        Some(total) if received == total => {
            let object = finish(ask, &turn).await?;
            ask.json(&render::object(&object, &ask.base))
        }
        _ => {
            let kept = Arc::clone(&turn);
            Ok(incomplete(ask, blocking(move || kept.keep()).await?))
        }
    }
}

/// Takes the bytes that a request brings; answers how many there are and will be.
async fn take(turn: &Arc<Turn>, bringing: Bringing, known: Option<u64>, body: &mut Incoming) -> Result<(u64, Option<u64>), Refusal> {
    let (start, most, total) = match bringing {
        Bringing::All => (0, u64::MAX, None),
        Bringing::Part { start, end, total } => (start, end - start + 1, total),
        Bringing::Nothing { total } => (0, 0, total),
    };
    if let (Some(said), Some(known)) = (total, known)
        && said != known
    {
        return Err(Refusal::bad(format!("the object was said to have {known} bytes, now {said}")));
    }
    let mut at = start;
    while let Some(block) = body.block().await? {
        let length = block.len() as u64;
        if at - start + length > most {
            return Err(Refusal::bad("the body is longer than its `Content-Range`"));
        }
        let (turn, offset) = (Arc::clone(turn), at);
        blocking(move || turn.append(offset, &block)).await?;
        at += length;
    }
    let counted = Arc::clone(turn);
    let received = blocking(move || counted.append(0, &[])).await?;
    let total = total.or(known).or(matches!(bringing, Bringing::All).then_some(received));
    Ok((received, total))
}

async fn finish(ask: &Ask, turn: &Arc<Turn>) -> Result<Object, Refusal> {
    let (turn, now, said) = (Arc::clone(turn), ask.now, expected(ask, Default::default()));
    blocking(move || turn.finish(&said, now)).await
}

/// 308, which JavaScript clients cannot see and therefore ask to be told otherwise.
fn incomplete(ask: &Ask, received: u64) -> Response<Body> {
    let hidden = ask.header("x-guploader-no-308").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    let mut response = nothing(if hidden { StatusCode::OK } else { StatusCode::PERMANENT_REDIRECT });
    if hidden {
        response.headers_mut().insert("x-http-status-code-override", HeaderValue::from_static("308"));
    }
    if let Some(last) = received.checked_sub(1)
        && let Ok(range) = HeaderValue::from_str(&format!("bytes=0-{last}"))
    {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}
