//! Reading a log as it grows.

use caddis_types::api::{ATTEMPT_HEADER, FRAMES_TYPE};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::ClientError;
use crate::exchange::{Answer, Connection, cut};

/// Which part of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which attempt; absent means the newest.
    pub attempt: Option<u32>,
    /// From which byte of the file on.
    pub offset: u64,
    /// Whether to wait for more until the end.
    pub follow: bool,
}

impl LogQuery {
    pub(crate) fn text(self) -> String {
        let attempt = self.attempt.map(|attempt| format!("&attempt={attempt}")).unwrap_or_default();
        format!("frames=true&offset={}&follow={}{attempt}", self.offset, self.follow)
    }
}

/// A log that arrives. Notices of the server (about what was left out) stand in the text where they belong.
pub struct Logs {
    call: String,
    attempt: Option<u32>,
    offset: u64,
    body: Incoming,
    buffer: Vec<u8>,
    read: usize,
    _connection: Connection,
}

impl Logs {
    pub(crate) fn new(answer: Answer, offset: u64) -> Result<Logs, ClientError> {
        let header = |name| answer.response.headers().get(name).and_then(|value| value.to_str().ok());
        let attempt = header(ATTEMPT_HEADER).and_then(|value| value.parse().ok());
        if header(CONTENT_TYPE.as_str()) != Some(FRAMES_TYPE) {
            return Err(ClientError::NotUnderstood { call: answer.call, why: "it is not in frames".to_owned() });
        }
        let Answer { call, response, connection } = answer;
        let body = response.into_body();
        Ok(Logs { call, attempt, offset, body, buffer: Vec::new(), read: 0, _connection: connection })
    }

    /// The attempt whose log this is (jobs only).
    pub fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// The offset in the file behind what [`Logs::next`] gave out so far: where to go on after a cut.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next piece, as soon as there is one; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            if let Some((offset, piece)) = self.frame() {
                self.offset = offset;
                return Ok(Some(piece));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.drain(..std::mem::take(&mut self.read));
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => return Err(cut(&self.call, error)),
                None => return Ok(None),
            }
        }
    }

    /// Copies everything to a writer, each piece at once.
    pub async fn copy_to(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> Result<(), CopyError> {
        while let Some(piece) = self.next().await.map_err(CopyError::Client)? {
            writer.write_all(&piece).await.map_err(CopyError::Write)?;
            writer.flush().await.map_err(CopyError::Write)?;
        }
        Ok(())
    }

    fn frame(&mut self) -> Option<(u64, Bytes)> {
        let rest = self.buffer.get(self.read..)?;
        let (offset, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let piece = Bytes::copy_from_slice(rest.get(..length)?);
        let offset = u64::from_be_bytes(*offset);
        self.read += 12 + length;
        Some((offset, piece))
    }
}

/// Why a log was not copied to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It could not be read.
    #[error(transparent)]
    Client(ClientError),
    /// It could not be written.
    #[error("the log could not be written: {0}")]
    Write(std::io::Error),
}
