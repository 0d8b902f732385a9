//! One connection: HTTP/1.1 requests one after another, until either side ends it or the server ends.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::auth::Peer;
use crate::face::Face;

/// How long a head may take to come, and how long a connection may say nothing.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a head, and of what waits to be sent.
const BUFFER: usize = 64 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve(
    face: Face,
    router: Router,
    peer: Peer,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) {
    let _presence = face.activity.enter();
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        inner.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = face.shutdown.wait() => {
            // What was begun is answered; the caller bounds how long that may take.
            connection.as_mut().graceful_shutdown();
            face.shutdown.until_cut(connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(error = %error, "a connection ended early");
    }
}
