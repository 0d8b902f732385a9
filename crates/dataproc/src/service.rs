//! Both wires as one service, to be served on a port.

use std::sync::Arc;

use bytes::Bytes;
use caddis_engine::calls::Caller;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Limited};
use tonic::body::Body;

use crate::face::Dataproc;
use crate::wire::{Code, Methods, Routes, Status, answer_grpc, answer_rest, is_grpc, refuse_rest};
use crate::{clusters, iam, jobs, operations, policies, tasks, workflows};

/// Larger bodies are refused.
const BODY_BYTES: usize = 10 << 20;

/// Who may ask: the owner behind a bearer token.
pub trait Credentials: Send + Sync {
    /// Whose token this is; nothing when it is not valid.
    fn owner(&self, token: &str) -> Option<String>;
}

/// The face, ready to answer.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

struct Parts {
    face: Arc<Dataproc>,
    methods: Arc<Methods<Dataproc>>,
    routes: Routes,
    credentials: Arc<dyn Credentials>,
}

impl Service {
    /// All methods of this face.
    pub fn new(face: Dataproc, credentials: Arc<dyn Credentials>) -> Service {
        let mut methods = Methods::new();
        clusters::serve(&mut methods);
        jobs::serve(&mut methods);
        operations::serve(&mut methods);
        policies::serve(&mut methods);
        iam::serve(&mut methods);
        workflows::serve(&mut methods);
        let routes = Routes::of(&methods);
        Service { parts: Arc::new(Parts { face: Arc::new(face), methods: Arc::new(methods), routes, credentials }) }
    }

    /// Makes workflows go on, for ever. `changes` tells of every change of a job or a cluster.
    pub async fn drive_workflows(&self, changes: tokio::sync::watch::Receiver<()>) {
        workflows::drive(self.parts.face.clone(), changes).await;
    }

    /// What happens beside requests; it may be cut at any point. `changes` as above.
    pub async fn beside(&self, changes: tokio::sync::watch::Receiver<()>) {
        tasks::run(self.parts.face.clone(), changes).await;
    }

    /// Answers one request, whichever wire it speaks.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let parts = &self.parts;
        let caller = self.caller(&request);
        if is_grpc(&request) {
            return answer_grpc(parts.methods.clone(), parts.face.clone(), caller, request).await;
        }
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => {
                let text = format!("the body is not whole, or larger than {} MiB", BODY_BYTES >> 20);
                return whole(refuse_rest(&Status::new(Code::InvalidArgument, text)));
            }
        };
        let face = parts.face.clone();
        whole(answer_rest(&parts.methods, &parts.routes, face, caller, &head.method, &head.uri, body).await)
    }

    fn caller<B>(&self, request: &Request<B>) -> Result<Caller, Status> {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let owner = token.and_then(|(_, token)| self.parts.credentials.owner(token.trim()));
        owner.map(|owner| Caller { owner }).ok_or_else(|| {
            let text = "Request had invalid authentication credentials. Expected the token of `caddis env`.";
            Status::new(Code::Unauthenticated, text)
        })
    }
}

fn whole(response: Response<Bytes>) -> Response<Body> {
    response.map(|bytes| Body::new(http_body_util::Full::new(bytes)))
}
