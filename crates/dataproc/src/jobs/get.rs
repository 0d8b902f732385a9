//! `GetJob`, and finding a job.

use bytes::Bytes;
use caddis_core::record::JobRecord;
use caddis_engine::calls::CallError;
use caddis_googleapis::dataproc::{GetJobRequest, Job};

use super::render;
use crate::documents::{self, JobDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::waits;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetJobRequest>) -> Result<Bytes, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let (mut job, read, record) = find(face, &place, &request.job_id).await?;
    waits::say_of_job(face, &mut job, record.as_ref()).await;
    render::encoded(&read.body, &job)
}

/// The job of this id, as it is answered.
pub(super) async fn encoded(face: &Dataproc, place: &Place, id: &str) -> Result<Bytes, Status> {
    let (job, read, _) = find(face, place, id).await?;
    render::encoded(&read.body, &job)
}

/// The job of this id, what is kept of it, and our record.
pub(super) async fn find(
    face: &Dataproc,
    place: &Place,
    id: &str,
) -> Result<(Job, Read<JobDocument>, Option<JobRecord>), Status> {
    if id.is_empty() {
        return Err(Status::field("job_id", "must be specified"));
    }
    let found = documents::find::<JobDocument>(&face.engine, &place.key(id)).await?;
    let read = found.ok_or_else(|| Status::not_found("Job", &place.of("jobs", id)))?;
    let record = record(face, &read).await?;
    Ok((render::job(face, &read, record.as_ref()).await?, read, record))
}

/// The job with this document.
pub(crate) async fn by_key(face: &Dataproc, key: &str) -> Result<(Job, Read<JobDocument>), Status> {
    keyed(face, key).await.map(|(job, read, _)| (job, read))
}

/// The same, which says what it waits for.
pub(crate) async fn saying(face: &Dataproc, key: &str) -> Result<(Job, Read<JobDocument>), Status> {
    let (mut job, read, record) = keyed(face, key).await?;
    waits::say_of_job(face, &mut job, record.as_ref()).await;
    Ok((job, read))
}

async fn keyed(face: &Dataproc, key: &str) -> Result<(Job, Read<JobDocument>, Option<JobRecord>), Status> {
    let found = documents::find::<JobDocument>(&face.engine, key).await?;
    let read = found.ok_or_else(|| Status::not_found("Job", key))?;
    let record = record(face, &read).await?;
    Ok((render::job(face, &read, record.as_ref()).await?, read, record))
}

pub(super) async fn record(face: &Dataproc, read: &Read<JobDocument>) -> Result<Option<JobRecord>, Status> {
    Ok(face.engine.ports.store.job(&read.body.job).await.map_err(CallError::from)?)
}
