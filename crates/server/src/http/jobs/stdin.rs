//! `PUT /v1/jobs/{ref}/stdin`: the body becomes the script's standard input, as fast as the script reads it.
//!
//! It waits until the script has a pipe, and ends when the body does (the script then reads an end), when the script
//! has closed its standard input, or when the job is over. The size of the body is not limited; what is held of it is.

use axum::body::Body;
use axum::extract::State;
use hyper::StatusCode;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::openapi::{About, Done, codes};
use crate::stdin::feed;

pub(super) const ABOUT: About =
    About::new("send_job_stdin", "The body becomes the script's standard input, as fast as the script reads it.")
        .refuses(&[
            codes::FIND,
            codes::ENDING,
            &[(StatusCode::CONFLICT, "no_stdin"), (StatusCode::SERVICE_UNAVAILABLE, "stdin")],
        ]);

pub(super) async fn stdin(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    body: Body,
) -> Result<Done, Refusal> {
    let job = face.assembly.engine.find_job(&caller, &reference).await?;
    if !job.stdin {
        let text = format!("job `{}` was submitted without standard input\nhint: submit it with `stdin`", job.id);
        return Err(Refusal::conflict("no_stdin", text));
    }
    feed(&face, &caller, &job.id, body).await?;
    Ok(Done)
}
