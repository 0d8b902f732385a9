//! Standard input as the body of a request: read piece by piece, as fast as the other side takes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame};
use tokio::io::{AsyncRead, ReadBuf};

const PIECE: usize = 16 * 1024;

pub(crate) struct Input<R> {
    reader: R,
    buffer: Box<[u8]>,
}

impl<R> Input<R> {
    pub(crate) fn new(reader: R) -> Input<R> {
        Input { reader, buffer: vec![0; PIECE].into_boxed_slice() }
    }
}

impl<R: AsyncRead + Unpin> Body for Input<R> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Input { reader, buffer } = self.get_mut();
        let mut buffer = ReadBuf::new(buffer);
        Poll::Ready(match ready!(Pin::new(reader).poll_read(cx, &mut buffer)) {
            Err(error) => Some(Err(error)),
            Ok(()) if buffer.filled().is_empty() => None,
            Ok(()) => Some(Ok(Frame::data(Bytes::copy_from_slice(buffer.filled())))),
        })
    }
}
