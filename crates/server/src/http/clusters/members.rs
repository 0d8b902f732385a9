//! `GET /v1/clusters/{ref}/members`: the names of the cluster's processes that have a log, living and ended.

use std::io;
use std::path::Path as FilePath;

use axum::Json;
use axum::extract::State;
use caddis_backends::{blocking, plain};
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, codes};

pub(super) const ABOUT: About =
    About::new("list_cluster_members", "The names of the cluster's processes that have a log, living and ended.")
        .refuses(&[codes::FIND, &[(StatusCode::SERVICE_UNAVAILABLE, "io")]]);

pub(super) async fn members(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
) -> Result<Json<Vec<String>>, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    let folder = face.assembly.home.cluster_logs(&cluster.id);
    let names = blocking(move || names(&folder)).await.map_err(|error| {
        Refusal::unavailable(
            "io",
            format!("the logs of cluster `{}` cannot be looked at: {}", cluster.id, plain(&error)),
        )
    })?;
    Ok(Json(names))
}

/// The logs in a folder, sorted; one that is not there holds none.
fn names(folder: &FilePath) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let files = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(".log").map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}
