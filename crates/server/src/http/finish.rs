//! What happens to every request: it gets an id, its refusal a form and a line in the log, its answer safe headers.

use std::panic::AssertUnwindSafe;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use caddis_types::api::Problem;
use futures_util::FutureExt;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

use super::{Refusal, page};
use crate::clock::secret;

const REQUEST_ID: HeaderName = HeaderName::from_static("caddis-request-id");

pub(super) async fn finish(request: Request, next: Next) -> Response {
    // The query is left out: it may hold a login code.
    let asked = format!("{} {}", request.method(), request.uri().path());
    let for_a_person = page::refusal::is_for_a_person(&request);
    let id = format!("req_{}", &secret()[..16]);
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            let text = "the server made a mistake\nhint: report it with the lines of `server.log` that hold the id";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text).into_response()
        }
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        tell(&asked, &id, &refusal);
        response = if for_a_person { page::refusal::page(&refusal, &id) } else { problem(refusal, &id) };
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in
        [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")]
    {
        // A dashboard's own word on its files holds.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn problem(refusal: Refusal, id: &str) -> Response {
    let Refusal { status, code, message, hint } = refusal;
    (status, Json(Problem { code: code.into_owned(), message, hint, request_id: id.to_owned() })).into_response()
}

fn tell(asked: &str, id: &str, refusal: &Refusal) {
    let Refusal { status, code, message, .. } = refusal;
    let status = status.as_u16();
    if status >= 500 {
        tracing::error!(request.id = id, request.asked = asked, status, code = %code, "a request failed: {message}");
    } else {
        tracing::info!(request.id = id, request.asked = asked, status, code = %code, "a request was refused: {message}");
    }
}
