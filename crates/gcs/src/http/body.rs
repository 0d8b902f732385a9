//! Bodies of both directions. None is held in memory whole, but for small JSON ones whose size is limited.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::{Body as _, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt;

use super::refusal::Refusal;

/// What went wrong with a body on its way.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
/// A body of either direction.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// How much is written or read at once.
pub(super) const BLOCK: usize = 256 * 1024;
/// The most of a JSON body.
const JSON: usize = 1 << 20;
/// How long a refused body is still read: the time of nginx's `lingering_close`, from the answer and from the last bytes.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_SILENT: Duration = Duration::from_secs(5);

/// These bytes.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// So many bytes of a file, from where it stands.
pub(super) fn file(file: std::fs::File, length: u64) -> Body {
    let file = tokio::fs::File::from_std(file);
    let blocks = stream::unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let most = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let mut block = BytesMut::with_capacity(most);
        let read = (&mut file).take(most as u64).read_buf(&mut block).await;
        let block = match read {
            Ok(0) => Err(BoxError::from(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(_) => Ok(block.freeze()),
            Err(error) => Err(error.into()),
        };
        let left = block.as_ref().map_or(0, |block| left - block.len() as u64);
        Some((block.map(Frame::data), (file, left)))
    });
    StreamBody::new(blocks).boxed_unsync()
}

/// A request's body, block by block.
///
/// What is refused before its end is read on and thrown away, for a while. A client that writes all before it reads
/// would otherwise find its connection closed, and never see the refusal.
pub(super) struct Incoming {
    body: Body,
    cut: Option<BoxError>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let linger = async move { while let Ok(Some(Ok(_))) = tokio::time::timeout(LINGER_SILENT, body.frame()).await {} };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LINGER, linger));
        }
    }
}

impl Incoming {
    pub(super) fn new(body: Body) -> Incoming {
        Incoming { body, cut: None }
    }

    /// The next block; nothing at the end. What came before a client was cut off is given first.
    pub(super) async fn block(&mut self) -> Result<Option<Bytes>, Refusal> {
        if let Some(error) = self.cut.take() {
            return Err(Refusal::bad(format!("the body is not whole: {error}")));
        }
        let mut block = BytesMut::new();
        while block.len() < BLOCK {
            match self.body.frame().await {
                Some(Ok(frame)) => frame.into_data().map_or((), |data| block.extend_from_slice(&data)),
                Some(Err(error)) if block.is_empty() => return Err(Refusal::bad(format!("the body is not whole: {error}"))),
                Some(Err(error)) => {
                    self.cut = Some(error);
                    break;
                }
                None => break,
            }
        }
        Ok((!block.is_empty()).then(|| block.freeze()))
    }

    /// All of a small body.
    pub(super) async fn all(mut self, most: usize) -> Result<Bytes, Refusal> {
        let mut all = BytesMut::new();
        while let Some(block) = self.block().await? {
            if all.len() + block.len() > most {
                return Err(Refusal::bad(format!("the body is larger than {most} bytes")));
            }
            all.extend_from_slice(&block);
        }
        Ok(all.freeze())
    }

    /// A small JSON object; an empty body is an empty one.
    pub(super) async fn resource(self) -> Result<Map<String, Value>, Refusal> {
        resource(&self.all(JSON).await?)
    }
}

/// A JSON object; no bytes are an empty one.
pub(super) fn resource(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(bytes).map_err(|error| Refusal::parse(format!("the body is not a JSON object: {error}")))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_is_refused_is_read_on_until_its_sender_has_said_all() {
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let frames = stream::unfold(receiver, |mut receiver| async move {
            let bytes = receiver.recv().await?;
            Some((Ok::<_, BoxError>(Frame::data(bytes)), receiver))
        });
        let mut body = Incoming::new(StreamBody::new(frames).boxed_unsync());
        sender.send(Bytes::from(vec![0; BLOCK])).await.expect("a reader");
        assert_eq!(body.block().await.ok().flatten().expect("a block").len(), BLOCK);
        drop(body);
        for _ in 0..20 {
            sender.send(Bytes::from(vec![0; BLOCK])).await.expect("still a reader");
        }
    }
}
