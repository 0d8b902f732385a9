//! gRPC: every method is unary. Framing, compression and trailers are tonic's; messages stay bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};
use caddis_engine::calls::Caller;
use http::{HeaderMap, HeaderValue, Request, Response};
use prost::Message;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;

use super::methods::Methods;
use super::{Code, Status};

/// Larger requests are refused; Google's own limit for Dataproc is 10 MiB.
const MESSAGE_BYTES: usize = 10 << 20;

/// Whether this request speaks gRPC.
pub(crate) fn is_grpc<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/grpc"))
}

/// Answers one call; `caller` is the refusal when it has no valid credentials.
pub(crate) async fn answer<S, B>(
    methods: Arc<Methods<S>>,
    state: Arc<S>,
    caller: Result<Caller, Status>,
    request: Request<B>,
) -> Response<Body>
where
    S: Send + Sync + 'static,
    B: http_body::Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let call = Call { methods, state, caller, path: request.uri().path().trim_start_matches('/').to_owned() };
    let mut response = Grpc::new(Whole).max_decoding_message_size(MESSAGE_BYTES).unary(call, request).await;
    blame(response.headers_mut());
    response
}

/// A request that could not be read is its sender's fault, which tonic calls the server's own. What we say ourselves
/// carries details.
fn blame(headers: &mut HeaderMap) {
    let code = headers.get("grpc-status").map(|code| code.as_bytes().to_owned());
    let theirs = match code.as_deref() {
        _ if headers.contains_key("grpc-status-details-bin") => return,
        Some(b"2" | b"11" | b"13") => Code::InvalidArgument,
        _ => return,
    };
    headers.insert("grpc-status", HeaderValue::from(theirs as i32));
}

/// One call, as tonic wants it.
struct Call<S> {
    methods: Arc<Methods<S>>,
    state: Arc<S>,
    caller: Result<Caller, Status>,
    path: String,
}

impl<S: Send + Sync + 'static> tonic::server::UnaryService<Bytes> for Call<S> {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, tonic::Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let answer = self.caller.clone().and_then(|caller| match self.methods.get(&self.path) {
            Some(method) => Ok(method.call(self.state.clone(), caller, request.into_inner())),
            None => Err(Status::new(Code::Unimplemented, format!("Method not found: `{}` is not served here", self.path))),
        });
        Box::pin(async move {
            match answer {
                Ok(answer) => answer.await.map(tonic::Response::new).map_err(Into::into),
                Err(status) => Err(status.into()),
            }
        })
    }
}

impl From<Status> for tonic::Status {
    fn from(status: Status) -> tonic::Status {
        let details = Bytes::from(status.to_proto().encode_to_vec());
        tonic::Status::with_details(tonic::Code::from(status.code as i32), status.message, details)
    }
}

/// Messages as they are.
struct Whole;

impl Codec for Whole {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Whole;
    type Decoder = Whole;

    fn encoder(&mut self) -> Whole {
        Whole
    }

    fn decoder(&mut self) -> Whole {
        Whole
    }
}

impl Encoder for Whole {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Whole {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}
