//! The endpoints, one file each, by noun. The order of the layers is the order of safety: every request gets an id
//! and its refusal a form ([`finish`]), then it must pass the door ([`crate::auth`]), then an endpoint sees it.

mod clusters;
mod cost;
mod environments;
mod events;
mod finish;
mod google;
mod health;
mod jobs;
mod json;
mod login;
mod longpoll;
mod nearest;
mod openapi;
mod page;
pub(crate) mod path;
mod query;
mod refusal;
mod server;
mod why;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use hyper::StatusCode;
pub(crate) use refusal::Refusal;

use crate::face::Face;
use crate::openapi::Routes;
use crate::{auth, proxy};

/// Everything that this server answers.
pub(crate) fn router(face: Face) -> Router {
    routes()
        .router()
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(face.clone(), auth::guard))
        .layer(from_fn(finish::finish))
        .with_state(face)
}

/// All endpoints.
fn routes() -> Routes {
    jobs::routes()
        .and(clusters::routes())
        .and(cost::routes())
        .and(environments::routes())
        .and(events::routes())
        .and(why::routes())
        .and(google::routes())
        .and(server::routes())
        .and(login::routes())
        .and(health::routes())
        .and(page::routes())
        .and(openapi::routes())
        .and(proxy::routes())
}

async fn no_such_path(uri: hyper::Uri) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no_such_path", format!("there is nothing at `{}`", uri.path()))
}

async fn no_such_method(method: hyper::Method, uri: hyper::Uri) -> Refusal {
    let text = format!("`{method}` is not understood at `{}`", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", text)
}
