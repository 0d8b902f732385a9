//! The TLS port: HTTP/2 and HTTP/1.1, gRPC and REST, all faces for Google's clients.

use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use caddis_engine::ports::Store;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::front::Front;
use crate::face::Face;

/// Connections at one time: each of Airflow's calls opens one.
const MOST: usize = 512;
/// How long a greeting or a head may take.
const GREETING: Duration = Duration::from_secs(10);

/// Binds the port of this setting that was used before: clients were told it. Another one is only chosen once.
pub(super) async fn bind(store: &dyn Store, setting: &str) -> std::io::Result<TcpListener> {
    let stored = store.setting(setting).await.map_err(std::io::Error::other)?;
    let stored = stored.and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, stored)).await.map_err(|error| {
        let hint = format!("port {stored}, which clients were told: {error}; end what uses it, and start the server again");
        std::io::Error::new(error.kind(), hint)
    })?;
    if stored == 0 {
        let port = listener.local_addr()?.port();
        store.set_setting(setting, &port.to_string()).await.map_err(std::io::Error::other)?;
    }
    Ok(listener)
}

/// What an accept that failed asks for: usually there are too many open files, and trying at once would spin.
pub(super) async fn pause(error: &std::io::Error) {
    tracing::error!(error = %error, "a connection of a Google client could not be accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Accepts until the server ends.
pub(super) async fn accept(face: Face, front: Front, tls: Arc<ServerConfig>, listener: TcpListener) {
    let (room, acceptor) = (Arc::new(Semaphore::new(MOST)), TlsAcceptor::from(tls));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = face.shutdown.wait() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (face, front, acceptor) = (face.clone(), front.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let _place = place;
                    serve(face, front, acceptor, stream).await;
                });
            }
            Err(error) => pause(&error).await,
        }
    }
}

async fn serve(face: Face, front: Front, acceptor: TlsAcceptor, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(GREETING, acceptor.accept(stream)).await else { return };
    let _presence = face.activity.enter();
    let answer = service_fn(move |request: Request<Incoming>| {
        let front = front.clone();
        async move { Ok::<_, std::convert::Infallible>(front.answer(request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(GREETING);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = face.shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            face.shutdown.until_cut(connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(error = %error, "a connection of a Google client ended early");
    }
}
