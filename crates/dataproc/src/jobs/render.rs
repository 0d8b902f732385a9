//! A job as it is answered.

use bytes::Bytes;
use caddis_core::record::JobRecord;
use caddis_googleapis::dataproc::job_status::State;
use caddis_googleapis::dataproc::{Job, JobStatus};
use prost::Message;

use super::spark;
use super::status::{self, Since};
use crate::clusters::render::timestamp;
use crate::documents::{JobDocument, Read};
use crate::face::Dataproc;
use crate::raw;
use crate::wire::{Code, Status};

/// Its message.
pub(super) const JOB: &str = "google.cloud.dataproc.v1.Job";
/// What only we know.
const OURS: [&str; 4] = ["status", "status_history", "job_uuid", "done"];
/// How many of the last lines of standard error a failed job shows: Airflow shows nothing else.
const LINES: usize = 20;

/// The job now.
pub(super) async fn job(face: &Dataproc, read: &Read<JobDocument>, record: Option<&JobRecord>) -> Result<Job, Status> {
    let mut job = states(read, record)?;
    say_errors(face, &mut job, record).await;
    Ok(job)
}

/// The job now, without what it wrote. One whose record is not there is over: retention takes both at once, but between
/// two reads.
pub(super) fn states(read: &Read<JobDocument>, record: Option<&JobRecord>) -> Result<Job, Status> {
    let mut job = decode(read)?;
    job.job_uuid.clone_from(&read.body.uuid);
    let Some(record) = record else {
        job.status = Some(JobStatus { state: State::Done.into(), ..JobStatus::default() });
        job.done = true;
        return Ok(job);
    };
    let mut states = status::states(record);
    let now = states.pop().expect("there is always a state");
    job.done = is_final(now.state);
    job.status = Some(one(&now));
    job.status_history = states.iter().map(one).collect();
    Ok(job)
}

/// Puts the last lines of a failed job's standard error behind what its status says.
pub(super) async fn say_errors(face: &Dataproc, job: &mut Job, record: Option<&JobRecord>) {
    let (Some(record), Some(status)) = (record, &mut job.status) else { return };
    if status.state() == State::Error {
        let explained = record.attempt().and_then(|attempt| attempt.cause.as_ref()).and_then(spark::explain);
        if let Some(explained) = explained {
            status.details = format!("{}\n{explained}", status.details);
        }
        let errors = face.outputs.last_errors(&record.id, LINES).await;
        if !errors.is_empty() {
            status.details = format!("{}\n{errors}", status.details);
        }
    }
}

/// The same, encoded, with fields that are newer than our protos.
pub(crate) fn encoded(document: &JobDocument, job: &Job) -> Result<Bytes, Status> {
    if document.newer { raw::over(JOB, job, &document.asked.0, &OURS) } else { Ok(job.encode_to_vec().into()) }
}

/// As it was asked for.
pub(super) fn decode(read: &Read<JobDocument>) -> Result<Job, Status> {
    Job::decode(read.body.asked.0.clone())
        .map_err(|error| Status::new(Code::Internal, format!("what is kept of the job cannot be read: {error}")))
}

/// Whether nothing more will happen.
pub(super) fn is_final(state: State) -> bool {
    matches!(state, State::Done | State::Error | State::Cancelled)
}

fn one(since: &Since) -> JobStatus {
    JobStatus {
        state: since.state.into(),
        substate: since.substate.into(),
        details: since.details.clone(),
        state_start_time: Some(timestamp(since.at)),
    }
}
