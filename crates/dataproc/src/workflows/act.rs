//! Doing what was decided, by the methods that clients call, with what is written of it in the same transaction.
//!
//! What always holds: an effect and the word that it was done are both there or neither, so that whoever starts again
//! after a crash finds either to be done or done; a workflow that somebody else changed meanwhile is decided anew.

use caddis_engine::calls::Caller;
use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::workflow_template_placement::Placement;

use super::kept::WorkflowDocument;
use super::progress::{Act, Progress, Target};
use super::request;
use super::step::{self, Refusal};
use crate::documents::{self, ClusterDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Asked, Code, Status};
use crate::{clusters, jobs};

/// Does it, or writes why it could not be done.
pub(super) async fn perform(
    face: &Dataproc,
    place: &Place,
    read: &Read<WorkflowDocument>,
    act: &Act,
) -> Result<(), Status> {
    let mut progress = step::done(&read.body.progress, act, face.now());
    let outcome = tried(face, place, read, act, &mut progress).await;
    let now = documents::find::<WorkflowDocument>(&face.engine, &read.key).await?;
    if now.is_none_or(|now| now.generation != read.generation) {
        return Ok(());
    }
    let after = match outcome {
        Ok(()) => progress,
        Err(status) => {
            tracing::info!(workflow = read.key, act = ?act, error = status.message, "a workflow's act was refused");
            step::refused(&read.body.progress, act, &refusal(status), face.now())
        }
    };
    if after != read.body.progress {
        write(face, vec![with(read, after)]).await?;
    }
    Ok(())
}

/// The write of a workflow that is so far.
pub(super) fn with(read: &Read<WorkflowDocument>, progress: Progress) -> DocumentWrite {
    let document = WorkflowDocument { progress, ..read.body.clone() };
    documents::write(&read.key, read.generation, &document)
}

/// Writes; a conflict is no error, since everything is decided anew.
pub(super) async fn write(face: &Dataproc, writes: Vec<DocumentWrite>) -> Result<(), Status> {
    match face.engine.write_documents(writes).await {
        Ok(()) => Ok(()),
        Err(error) if error.code == "conflict" => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn tried(
    face: &Dataproc,
    place: &Place,
    read: &Read<WorkflowDocument>,
    act: &Act,
    progress: &mut Progress,
) -> Result<(), Status> {
    let document = &read.body;
    let caller = Caller { owner: document.owner.clone() };
    match act {
        Act::CreateCluster => {
            let Some(managed) = progress.managed() else { return Ok(()) };
            let request = request::create(&read.key, place, document, &managed.name)?;
            let asked = Asked::inside(caller, request, vec![with(read, progress.clone())])?;
            clusters::create(face, asked).await.map(drop)
        }
        Act::Submit(step) => {
            if let Target::Selected { .. } = progress.target {
                let (name, uuid) = select(face, place, document).await?;
                progress.target = Target::Selected { name, uuid };
            }
            let cluster = progress.cluster().map(|(name, _)| name.to_owned()).unwrap_or_default();
            let request = request::submit(&read.key, place, document, step, &cluster)?;
            let asked = Asked::inside(caller, request, vec![with(read, progress.clone())])?;
            jobs::submit(face, asked).await.map(drop)
        }
        Act::Cancel(step) => {
            let asked = Asked::inside(caller, request::cancel(place, document, step), Vec::new())?;
            jobs::cancel(face, asked).await.map(drop)
        }
        Act::DeleteCluster => {
            let Some(managed) = progress.managed() else { return Ok(()) };
            let request = request::delete(place, document, managed);
            let asked = Asked::inside(caller, request, vec![with(read, progress.clone())])?;
            clusters::delete(face, asked).await.map(drop)
        }
    }
}

fn refusal(status: Status) -> Refusal {
    match status.code {
        Code::NotFound => Refusal::Missing(status.message),
        Code::Internal => Refusal::Passing(status.message),
        _ => Refusal::Final(status.message),
    }
}

/// The cluster that a selector chooses now: the one before while it serves, else the one with most workers.
async fn select(face: &Dataproc, place: &Place, document: &WorkflowDocument) -> Result<(String, String), Status> {
    let template = super::decode(&document.template.0)?;
    let Some(Placement::ClusterSelector(selector)) = template.placement.and_then(|placement| placement.placement) else {
        return Err(Status::new(Code::Internal, "the workflow has no cluster selector"));
    };
    let mut serving = Vec::new();
    for read in documents::list::<ClusterDocument>(&face.engine, &place.key(""), "", 0).await? {
        let record = clusters::record(face, &read.body.cluster).await?;
        let Some(cluster) = clusters::render::cluster(face, &read.body, record.as_ref())? else { continue };
        let has = |(key, value): (&String, &String)| cluster.labels.get(key) == Some(value);
        let serves = matches!(clusters::render::state(&cluster), State::Running | State::Updating);
        if serves && selector.cluster_labels.iter().all(has) {
            let workers = cluster.config.as_ref().map_or(0, clusters::workers);
            serving.push((workers, cluster.cluster_name, cluster.cluster_uuid));
        }
    }
    let before = document.progress.cluster().map(|(_, uuid)| uuid);
    let same = serving.iter().find(|(_, _, uuid)| Some(uuid.as_str()) == before);
    let most = serving.iter().max_by_key(|(workers, name, _)| (*workers, std::cmp::Reverse(name)));
    let chosen = same.or(most).map(|(_, name, uuid)| (name.clone(), uuid.clone()));
    chosen.ok_or_else(|| {
        let labels = selector.cluster_labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
        Status::new(Code::FailedPrecondition, format!("No cluster that is RUNNING has the labels {labels}"))
    })
}
