//! Reading the outputs of processes while they grow.
//!
//! What always holds: every byte of the file is sent once and in order, or told as left out; what was written before
//! the end of its process is sent before the answer ends; an answer that ends otherwise is cut, so that nobody takes
//! a part for the whole.

mod follow;
mod frames;
pub(crate) mod reader;
mod watches;

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use axum::body::Body;
use axum::response::Response;
use caddis_engine::calls::{CallError, CallErrorKind};
use caddis_types::api::{ATTEMPT_HEADER, FRAMES_TYPE};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
pub(crate) use watches::Watches;

use crate::face::Face;
use crate::openapi::Kind;

/// A file that a process writes.
pub(crate) struct Source {
    /// The file; it may not be there yet.
    pub(crate) path: PathBuf,
    /// Bytes that are kept of it, for the notice.
    pub(crate) limit: u64,
    /// What changes when the process ends: `job_…` or `cl_…`.
    pub(crate) subject: String,
    /// Whether it grows no more.
    pub(crate) end: Box<dyn End>,
}

/// Whether a file grows no more. Once it says so it is not asked again.
#[async_trait]
pub(crate) trait End: Send + Sync {
    /// Now? An error where that cannot be known: then the answer is cut, and who reads asks again.
    async fn reached(&self) -> io::Result<bool>;
}

/// What a record that was looked for says of the end; one that is not known any more has ended.
pub(crate) fn is_over<T>(found: Result<T, CallError>, ended: impl FnOnce(T) -> bool) -> io::Result<bool> {
    match found {
        Ok(record) => Ok(ended(record)),
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(true),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Which part of a file, and how it is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// From this byte on.
    pub(crate) offset: u64,
    /// Until the end, as it grows; else as much as there is.
    pub(crate) follow: bool,
    /// In frames, or as it is.
    pub(crate) frames: bool,
}

/// An answer with the bytes of an output.
pub(crate) struct Output;

impl Kind for Output {
    const STATUS: StatusCode = StatusCode::OK;
    const SENTENCE: &'static str = "The bytes, as they are or in frames.";
    const MEDIA: &'static [&'static str] = &["application/octet-stream", FRAMES_TYPE];
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[(ATTEMPT_HEADER, "The number of the attempt, where it is a job's output.")];
}

/// The answer with a file's bytes.
pub(crate) fn answer(face: &Face, source: Source, part: Part) -> Response {
    let kind = if part.frames { FRAMES_TYPE } else { "application/octet-stream" };
    let mut response = Response::new(Body::from_stream(follow::stream(face, source, part)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_has_not_ended() {
        let refused = |kind| is_over(Err::<(), _>(CallError::new(kind, "code", "why")), |()| false);
        assert!(refused(CallErrorKind::NotFound).unwrap());
        assert_eq!(refused(CallErrorKind::Unavailable).unwrap_err().to_string(), "why");
        assert!(!is_over(Ok(1), |number| number == 2).unwrap());
    }
}
