//! `GET /v1/jobs/{ref}/logs/{stdout|stderr}?attempt=&offset=&follow=&frames=`: the bytes that a script wrote.
//!
//! Without `attempt` it is the newest one. With `follow` the answer begins when there is an attempt, goes on as the
//! script writes, and ends when the attempt has. What was freed in the middle is told as one line. With `frames` the
//! answer is in frames (`caddis_types::api::FRAMES_TYPE`), from which a client that was cut off can go on.

use std::io;

use axum::extract::State;
use caddis_core::record::{AttemptPhase, AttemptRecord, JobRecord};
use caddis_engine::calls::Caller;
use caddis_types::api::{ATTEMPT_HEADER, Stream};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::http::query::Query;
use crate::logs::{Output, Part, Source, answer, is_over};
use crate::openapi::{About, Raw, codes};

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Which {
    /// Which attempt; absent means the newest.
    attempt: Option<u32>,
    /// From this byte on.
    offset: u64,
    /// Goes on as the script writes, and ends when the attempt has.
    follow: bool,
    /// In frames, from which a client that was cut off can go on.
    frames: bool,
}

pub(super) const ABOUT: About =
    About::new("read_job_logs", "The bytes that a script wrote: of its newest attempt, or of the one that is named.")
        .refuses(&[codes::FIND, codes::ENDING, &[(StatusCode::NOT_FOUND, "no_attempt")]]);

pub(super) async fn logs(
    State(face): State<Face>,
    Who(caller): Who,
    Path((reference, stream)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Raw<Output>, Refusal> {
    let stream = match stream.as_str() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        other => return Err(no_stream(other)),
    };
    let job = face.assembly.engine.find_job(&caller, &reference).await?;
    let attempt = attempt(&face, &caller, &job, which).await?;
    let path = face.assembly.home.attempt_log(&job.id, attempt, stream);
    let end = Box::new(End { face: face.clone(), caller, job: job.id.to_string(), attempt });
    let source = Source { path, limit: face.assembly.output_limit, subject: job.id.to_string(), end };
    let mut response = answer(&face, source, Part { offset: which.offset, follow: which.follow, frames: which.frames });
    response.headers_mut().insert(ATTEMPT_HEADER, HeaderValue::from(attempt));
    Ok(Raw::new(response))
}

fn no_stream(name: &str) -> Refusal {
    Refusal::not_found(format!("there is no output `{name}`\nhint: there are `stdout` and `stderr`"))
}

/// The attempt that is asked for; with `follow` it is waited for.
async fn attempt(face: &Face, caller: &Caller, job: &JobRecord, which: Which) -> Result<u32, Refusal> {
    let mut watch = face.assembly.hub.watch(job.id.as_str());
    loop {
        let record = face.assembly.engine.find_job(caller, job.id.as_str()).await?;
        match chosen(&record, which.attempt) {
            Some(attempt) => return Ok(attempt.number),
            None if record.is_ended() || !which.follow => return Err(no_attempt(&record, which.attempt)),
            None => {}
        }
        tokio::select! {
            () = watch.changed() => {}
            () = face.shutdown.wait() => return Err(Refusal::unavailable("ending", "the server is ending\nhint: ask again")),
        }
    }
}

fn chosen(record: &JobRecord, number: Option<u32>) -> Option<&AttemptRecord> {
    match number {
        Some(number) => record.attempts.iter().find(|attempt| attempt.number == number),
        None => record.attempt(),
    }
}

fn no_attempt(record: &JobRecord, number: Option<u32>) -> Refusal {
    let message = match number {
        Some(number) => format!("job `{}` has no attempt {number}", record.id),
        None => format!("the script of job `{}` was never started", record.id),
    };
    Refusal::new(StatusCode::NOT_FOUND, "no_attempt", format!("{message}\nhint: `caddis why {}` says why", record.id))
}

/// An attempt's log grows no more once the attempt has ended, or the job has (retention may have removed it).
struct End {
    face: Face,
    caller: Caller,
    job: String,
    attempt: u32,
}

#[async_trait::async_trait]
impl crate::logs::End for End {
    async fn reached(&self) -> io::Result<bool> {
        is_over(self.face.assembly.engine.find_job(&self.caller, &self.job).await, |record| {
            let attempt = record.attempts.iter().find(|attempt| attempt.number == self.attempt);
            record.is_ended() || attempt.is_none_or(|attempt| matches!(attempt.phase, AttemptPhase::Ended { .. }))
        })
    }
}
