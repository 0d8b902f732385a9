//! The form of a log from which a client that was cut off can go on: see `caddis_types::api::FRAMES_TYPE`.

use axum::body::Bytes;

/// One frame: the offset in the file after it, the length of its content, its content.
pub(super) fn frame(offset: u64, content: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(12 + content.len());
    frame.extend_from_slice(&offset.to_be_bytes());
    frame.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(content);
    frame.into()
}
