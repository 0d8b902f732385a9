//! `UpdateJob`: labels, and nothing else.

use bytes::Bytes;
use caddis_googleapis::dataproc::UpdateJobRequest;
use prost::Message;

use super::{get, render};
use crate::clusters::label_map;
use crate::documents::{self, Encoded};
use crate::face::Dataproc;
use crate::place::Place;
use crate::raw;
use crate::wire::{Asked, Status};

pub(super) async fn update(face: &Dataproc, asked: Asked<UpdateJobRequest>) -> Result<Bytes, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let paths: Vec<_> = request.update_mask.iter().flat_map(|mask| &mask.paths).collect();
    if paths.is_empty() || paths.iter().any(|path| path.as_str() != "labels") {
        return Err(Status::field("update_mask", "only `labels` of a job can be changed"));
    }
    let wanted = request.job.clone().unwrap_or_default();
    label_map(&wanted.labels, "job.labels")?;
    let (_, read, _) = get::find(face, &place, &request.job_id).await?;
    let from = raw::read(render::JOB, wanted.encode_to_vec().into())?;
    let mut to = raw::read(render::JOB, read.body.asked.0.clone())?;
    raw::copy("labels", &from, &mut to).map_err(|what| Status::field("update_mask", what))?;
    let mut body = read.body.clone();
    body.asked = Encoded(to.encode_to_vec().into());
    face.engine.write_documents(vec![documents::write(&read.key, read.generation, &body)]).await?;
    get::encoded(face, &place, &request.job_id).await
}
