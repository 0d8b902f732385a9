//! `/clusters/{id}/...`: the dashboards of the caller's living clusters, websockets included.
//!
//! The path goes on unchanged, since schedulers serve under the same prefix. What goes on carries the cluster's
//! secret and nothing of ours; what comes back cannot set our cookies. It only ever leads to a port of this machine on
//! which the server's own user listens.

mod forward;
mod headers;
mod splice;
mod target;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use hyper::StatusCode;
use hyper::header::UPGRADE;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, Answers, Kind, Operation, Raw, Routes, codes};

const FRONT: About =
    About::new("dashboard", "Leads to the first page of a cluster's dashboard.").refuses(&[codes::FIND]);
const FRONT_SLASH: About =
    About::new("dashboard_slash", "Leads to the first page of a cluster's dashboard.").refuses(&[codes::FIND]);
const PROXY: About = About::new(
    "dashboard_page",
    "A cluster's dashboard, websockets included. Every other method is passed on as well.",
)
.refuses(&[
    codes::FIND,
    &[
        (StatusCode::BAD_GATEWAY, "dashboard_unreachable"),
        (StatusCode::BAD_REQUEST, "bad_upgrade"),
        (StatusCode::CONFLICT, "not_serving"),
        (StatusCode::SERVICE_UNAVAILABLE, "dashboard_gone"),
    ],
]);

pub(crate) fn routes() -> Routes {
    Routes::of("dashboards")
        .get("/clusters/{reference}", front, &FRONT)
        .get("/clusters/{reference}/", front, &FRONT_SLASH)
        .any("/clusters/{reference}/{*rest}", proxy, &PROXY)
}

/// Leads to a dashboard.
struct Way;

impl Kind for Way {
    const STATUS: StatusCode = StatusCode::TEMPORARY_REDIRECT;
    const SENTENCE: &'static str = "Where the dashboard is.";
    const MEDIA: &'static [&'static str] = &[];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("location", "A path of this server.")];
}

/// An answer that is not ours.
struct Dashboard(Response);

impl IntoResponse for Dashboard {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Dashboard {
    fn describe(operation: &mut Operation<'_>) {
        operation.otherwise("Whatever the dashboard answers; or where it is, when the path holds the cluster's name.");
    }
}

/// The dashboard's first page, also by the cluster's name.
async fn front(State(face): State<Face>, Who(caller): Who, Path(reference): Path<String>) -> Result<Raw<Way>, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    Ok(Raw::new(Redirect::temporary(&format!("/clusters/{}/status", cluster.id))))
}

async fn proxy(
    State(face): State<Face>,
    Who(caller): Who,
    Path((reference, rest)): Path<(String, String)>,
    request: Request,
) -> Result<Dashboard, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    if cluster.id.as_str() != reference {
        return Ok(Dashboard(Redirect::temporary(&format!("/clusters/{}/{rest}", cluster.id)).into_response()));
    }
    let target = target::of(&face, &cluster).await?;
    match request.headers().contains_key(UPGRADE) {
        true => splice::splice(&face, &target, request).await.map(Dashboard),
        false => forward::forward(&target, request).await.map(Dashboard),
    }
}
