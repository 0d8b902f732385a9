//! `CancelJob`: the job is told to end; one that is over answers as it is.

use bytes::Bytes;
use caddis_googleapis::dataproc::CancelJobRequest;

use super::{get, render};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(crate) async fn cancel(face: &Dataproc, asked: Asked<CancelJobRequest>) -> Result<Bytes, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let (job, read, _) = get::find(face, &place, &request.job_id).await?;
    if job.done {
        return render::encoded(&read.body, &job);
    }
    face.engine.cancel_job(&asked.caller, read.body.job.as_str(), false).await?;
    get::encoded(face, &place, &request.job_id).await
}
