//! `/clusters/{id}/...`: the dashboards of the caller's living clusters, websockets included.
//!
//! The path goes on unchanged, since schedulers serve under the same prefix. What goes on carries the cluster's
//! secret and nothing of ours; what comes back cannot set our cookies. It only ever leads to a port of this machine on
//! which the server's own user listens.

mod forward;
mod headers;
mod splice;
mod target;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use hyper::header::UPGRADE;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;

pub(crate) fn routes() -> Router<Face> {
    Router::new()
        .route("/clusters/{reference}", get(front))
        .route("/clusters/{reference}/", get(front))
        .route("/clusters/{reference}/{*rest}", any(proxy))
}

/// The dashboard's first page, also by the cluster's name.
async fn front(State(face): State<Face>, Who(caller): Who, Path(reference): Path<String>) -> Result<Redirect, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    Ok(Redirect::temporary(&format!("/clusters/{}/status", cluster.id)))
}

async fn proxy(
    State(face): State<Face>,
    Who(caller): Who,
    Path((reference, rest)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    if cluster.id.as_str() != reference {
        return Ok(Redirect::temporary(&format!("/clusters/{}/{rest}", cluster.id)).into_response());
    }
    let target = target::of(&face, &cluster).await?;
    match request.headers().contains_key(UPGRADE) {
        true => splice::splice(&face, &target, request).await,
        false => forward::forward(&target, request).await,
    }
}
