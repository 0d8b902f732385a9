//! A websocket to a dashboard: the handshake is passed on, then bytes go both ways until either side ends.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

use super::forward::send;
use super::headers;
use super::target::Target;
use crate::activity::Presence;
use crate::face::Face;
use crate::http::Refusal;
use crate::shutdown::Shutdown;

const BUFFER: usize = 16 * 1024;

pub(super) async fn splice(face: &Face, target: &Target, mut request: Request) -> Result<Response, Refusal> {
    let websocket = request.headers().get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !websocket {
        return Err(Refusal::invalid("bad_upgrade", "only websockets are passed on"));
    }
    let browser = on(&mut request);
    headers::onward(request.headers_mut(), &target.secret);
    mark(request.headers_mut());
    let mut response = send(target, request).await?;
    let dashboard = on(&mut response);
    headers::back(response.headers_mut());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        mark(response.headers_mut());
        tokio::spawn(join(browser, dashboard, face.shutdown.clone(), face.activity.enter()));
    }
    Ok(response.map(Body::new))
}

fn mark(headers: &mut hyper::HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

async fn join(browser: OnUpgrade, dashboard: OnUpgrade, shutdown: Shutdown, _presence: Presence) {
    let (Ok(browser), Ok(dashboard)) = tokio::join!(browser, dashboard) else { return };
    let (mut browser, mut dashboard) = (TokioIo::new(browser), TokioIo::new(dashboard));
    tokio::select! {
        result = copy_bidirectional_with_sizes(&mut browser, &mut dashboard, BUFFER, BUFFER) => {
            if let Err(error) = result {
                tracing::debug!(error = %error, "a websocket ended early");
            }
        }
        () = shutdown.wait() => {}
    }
}
