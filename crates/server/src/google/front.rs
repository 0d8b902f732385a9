//! Which face answers on the port: by path, since Google's clients can be told one host with one port.

use std::error::Error;
use std::sync::Arc;

use caddis_dataproc::Service;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};

use super::grant;
use super::tokens::Proofs;

/// A body of either face.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// All faces of the port. Clones share them.
#[derive(Clone)]
pub(super) struct Front {
    dataproc: Service,
    storage: caddis_gcs::Service,
    proofs: Arc<Proofs>,
}

impl Front {
    pub(super) fn new(dataproc: Service, storage: caddis_gcs::Service, proofs: Arc<Proofs>) -> Front {
        Front { dataproc, storage, proofs }
    }

    /// Answers one request.
    pub(super) async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if path == grant::PATH {
            return grant::answer(&self.proofs, request).await;
        }
        if caddis_gcs::serves(path) {
            return self.storage.answer(request).await;
        }
        self.dataproc.answer(request).await.map(|body| body.map_err(Into::into).boxed_unsync())
    }
}
