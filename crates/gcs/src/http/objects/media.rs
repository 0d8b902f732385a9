//! Downloads: `alt=media`, whole or by range.

use std::io::{Seek, SeekFrom};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::named;
use super::range::{Wanted, wanted};
use crate::http::ask::Ask;
use crate::http::body::{file, whole};
use crate::http::refusal::Refusal;
use crate::http::render::piece;
use crate::http::route::Answer;
use crate::store::Object;

pub(crate) async fn media(ask: &Ask, bucket: &str, name: &str) -> Answer {
    let source = named(ask, bucket, name)?;
    let (object, mut bytes) = ask.store(move |store| store.read_if(&source)).await?;
    check_etag(ask, &object)?;
    let (status, start, length) = match wanted(ask.header("range"), object.size) {
        Wanted::All => (StatusCode::OK, 0, object.size),
        Wanted::Part { start, length } => (StatusCode::PARTIAL_CONTENT, start, length),
        Wanted::Beyond => return Ok(beyond(&object)),
    };
    let bytes = ask.store(move |_| Ok(bytes.seek(SeekFrom::Start(start)).map(|_| bytes)?)).await?;
    let mut response = Response::new(if ask.head.method == Method::HEAD { whole("") } else { file(bytes, length) });
    *response.status_mut() = status;
    describe(response.headers_mut(), &object);
    set(response.headers_mut(), header::CONTENT_LENGTH, length.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{}", start + length - 1, object.size);
        set(response.headers_mut(), header::CONTENT_RANGE, range);
    }
    Ok(response)
}

fn beyond(object: &Object) -> Response<crate::http::Body> {
    let text = format!("The requested range is not in `{}`", object.name);
    let mut response = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "requestedRangeNotSatisfiable", text).response();
    set(response.headers_mut(), header::CONTENT_RANGE, format!("bytes */{}", object.size));
    response
}

/// `If-Match` and `If-None-Match`, which name etags.
pub(super) fn check_etag(ask: &Ask, object: &Object) -> Result<(), Refusal> {
    let etag = object.etag();
    let names = |header: &str| header.split(',').map(|tag| tag.trim().trim_matches('"')).any(|tag| tag == "*" || tag == etag);
    if ask.header("if-match").is_some_and(|header| !names(header)) {
        return Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "conditionNotMet", "`If-Match` does not hold"));
    }
    if ask.header("if-none-match").is_some_and(names) {
        return Err(Refusal::new(StatusCode::NOT_MODIFIED, "notModified", "`If-None-Match` does not hold"));
    }
    Ok(())
}

fn describe(headers: &mut HeaderMap, object: &Object) {
    let fields = &object.fields;
    let content_type = fields.content_type.as_deref().unwrap_or("application/octet-stream");
    set(headers, header::CONTENT_TYPE, content_type);
    for (name, value) in [
        (header::CACHE_CONTROL, &fields.cache_control),
        (header::CONTENT_DISPOSITION, &fields.content_disposition),
        (header::CONTENT_ENCODING, &fields.content_encoding),
        (header::CONTENT_LANGUAGE, &fields.content_language),
    ] {
        if let Some(value) = value {
            set(headers, name, value);
        }
    }
    let md5 = object.md5.iter().map(|md5| format!(",md5={md5}")).collect::<String>();
    set(headers, header::ACCEPT_RANGES, "bytes");
    set(headers, header::ETAG, object.etag());
    let own = [
        ("x-goog-generation", object.generation.to_string()),
        ("x-goog-metageneration", object.metageneration.to_string()),
        ("x-goog-hash", format!("crc32c={}{md5}", object.crc32c)),
        ("x-goog-stored-content-length", object.size.to_string()),
        ("x-goog-stored-content-encoding", fields.content_encoding.clone().unwrap_or_else(|| "identity".to_owned())),
        ("x-goog-storage-class", fields.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())),
    ];
    for (name, value) in own {
        set(headers, HeaderName::from_static(name), value);
    }
    for (name, value) in &fields.metadata {
        if let Ok(name) = HeaderName::try_from(format!("x-goog-meta-{}", piece(name))) {
            set(headers, name, value);
        }
    }
}

/// Sets a header; what cannot be one, since owners say it, is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        headers.insert(name, value);
    }
}
