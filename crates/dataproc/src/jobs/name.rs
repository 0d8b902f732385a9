//! Ids of jobs: each is the only one of its project, whichever region it is in.

use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::dataproc::Job;
use caddis_types::JobId;

use crate::documents::{self, JobNameDocument};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Code, Status};

/// An id, and whether its client chose it. Others are random, or made of a request's id: nobody else gets them.
pub(super) struct Name {
    pub(super) id: String,
    chosen: bool,
}

impl Name {
    /// The id that was asked for, one that an equal request would get again, or a random one.
    pub(super) fn of(face: &Dataproc, place: &Place, job: &Job, request_id: &str) -> Result<Name, Status> {
        let asked = job.reference.as_ref().map(|reference| reference.job_id.as_str()).unwrap_or_default();
        let good = asked.len() <= 100 && asked.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let given = |id| Ok(Name { id, chosen: false });
        match (asked, request_id) {
            ("", "") => given(face.uuid()),
            ("", request) => given(Dataproc::uuid_of(&format!("SubmitJob {} {request}", place.name()))),
            (asked, _) if good => Ok(Name { id: asked.to_owned(), chosen: true }),
            (asked, _) => Err(Status::field("job.reference.job_id", format!("`{asked}` must match '[a-zA-Z0-9_-]{{1,100}}'"))),
        }
    }

    /// ALREADY_EXISTS when another region of the project has a job of this id.
    pub(super) async fn free(&self, face: &Dataproc, place: &Place) -> Result<(), Status> {
        if !self.chosen {
            return Ok(());
        }
        match documents::find::<JobNameDocument>(&face.engine, &key(place, &self.id)).await? {
            None => Ok(()),
            Some(taken) => Err(exists(&Place { region: taken.body.region, ..place.clone() }, &self.id)),
        }
    }

    /// Takes it for this job.
    pub(super) fn take(&self, place: &Place, job: &JobId) -> Option<DocumentWrite> {
        let document = JobNameDocument { job: job.clone(), region: place.region.clone() };
        self.chosen.then(|| documents::write(&key(place, &self.id), 0, &document))
    }
}

/// Gives the id of a job free that is forgotten.
pub(super) async fn forget(face: &Dataproc, place: &Place, id: &str) -> Result<Option<DocumentWrite>, Status> {
    let taken = documents::find::<JobNameDocument>(&face.engine, &key(place, id)).await?;
    Ok(taken.filter(|taken| taken.body.region == place.region).map(|taken| documents::remove(&taken)))
}

pub(super) fn exists(place: &Place, id: &str) -> Status {
    let name = place.of("jobs", id);
    Status::new(Code::AlreadyExists, format!("Already exists: Failed to submit job: Job {name}"))
}

fn key(place: &Place, id: &str) -> String {
    format!("{}/{id}", place.project)
}
