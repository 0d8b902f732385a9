//! `CancelJob`: the job is told to end; one that is over answers as it is.

use caddis_googleapis::dataproc::{CancelJobRequest, Job};

use super::get;
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Status};

pub(crate) async fn cancel(face: &Dataproc, asked: Asked<CancelJobRequest>) -> Result<Job, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let (job, read, _) = get::find(face, &place, &request.job_id).await?;
    if job.done {
        return Ok(job);
    }
    face.engine.cancel_job(&asked.caller, read.body.job.as_str(), false).await?;
    Ok(get::find(face, &place, &request.job_id).await?.0)
}
