//! `DeleteJob`: a job that is over is forgotten here, its folder with it; its ledger lines stay.

use caddis_googleapis::dataproc::DeleteJobRequest;

use super::{files, get, name};
use crate::documents;
use crate::face::Dataproc;
use crate::iam;
use crate::place::Place;
use crate::wire::{Asked, Code, Status};

pub(super) async fn delete(face: &Dataproc, asked: Asked<DeleteJobRequest>) -> Result<(), Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let (job, read, _) = get::find(face, &place, &request.job_id).await?;
    if !job.done {
        let text = format!("Job {} is active; cancel it before it is deleted", place.of("jobs", &request.job_id));
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let mut writes = vec![documents::remove(&read)];
    writes.extend(name::forget(face, &place, &request.job_id).await?);
    writes.extend(iam::forget(face, "jobs", &place.key(&read.body.uuid)).await?);
    face.engine.write_documents(writes).await?;
    let folder = face.folder_of(&read.body.uuid);
    let _ = tokio::task::spawn_blocking(move || files::remove(&folder)).await;
    Ok(())
}
