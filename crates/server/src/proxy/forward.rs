//! One request to a dashboard and its answer.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::headers;
use super::target::Target;
use crate::http::Refusal;

pub(super) async fn forward(target: &Target, mut request: Request) -> Result<Response, Refusal> {
    headers::onward(request.headers_mut(), &target.secret);
    let mut response = send(target, request).await?;
    headers::back(response.headers_mut());
    Ok(response.map(Body::new))
}

/// Sends a request whose headers are ready.
pub(super) async fn send(target: &Target, request: Request) -> Result<hyper::Response<Incoming>, Refusal> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, target.port)).await.map_err(|error| bad(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| bad(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(error = %error, "a connection to a dashboard ended early");
        }
    });
    let (mut parts, body) = request.into_parts();
    // Only path and query: the form for servers, whatever form the client used.
    parts.uri = parts.uri.path_and_query().map_or_else(hyper::Uri::default, |path| path.clone().into());
    sender.send_request(Request::from_parts(parts, body)).await.map_err(|error| bad(&error))
}

fn bad(error: &dyn std::error::Error) -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, "dashboard_unreachable", format!("the dashboard does not answer: {error}"))
}
