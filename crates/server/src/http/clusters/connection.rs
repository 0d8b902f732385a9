//! `GET /v1/clusters/{ref}/connection`: the address and TLS files of a cluster that serves.

use axum::Json;
use axum::extract::State;
use caddis_types::api::ConnectionView;
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About = About::new("connect_cluster", "The address and TLS files of a cluster that serves.")
    .refuses(&[
        codes::FIND,
        &[
            (StatusCode::CONFLICT, "not_serving"),
            (StatusCode::BAD_REQUEST, "io"),
            (StatusCode::BAD_REQUEST, "not_serving"),
        ],
    ]);

pub(super) async fn connection(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
) -> Result<Json<ConnectionView>, Refusal> {
    Ok(Json(face.assembly.engine.connection(&caller, &reference).await?))
}
