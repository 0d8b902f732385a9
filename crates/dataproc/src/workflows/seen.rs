//! What is seen of a workflow's cluster and jobs, by what the other methods answer.

use caddis_googleapis::dataproc::Job;
use caddis_googleapis::dataproc::cluster_status::State as ClusterState;
use caddis_googleapis::dataproc::job_status::State as JobState;

use super::kept::WorkflowDocument;
use super::progress::{Managed, Phase};
use super::request;
use super::step::{Seen, SeenCluster, SeenJob};
use crate::clusters;
use crate::face::Dataproc;
use crate::jobs;
use crate::place::Place;
use crate::wire::{Code, Status};

/// Looks at all of it. What cannot be read is an error: it is not absent.
pub(super) async fn look(face: &Dataproc, place: &Place, document: &WorkflowDocument) -> Result<Seen, Status> {
    let mut seen = Seen::default();
    if let Some(managed) = document.progress.managed() {
        seen.cluster = cluster(face, place, managed).await?;
    }
    for step in document.progress.steps.iter().filter(|step| step.runs()) {
        let key = place.key(&request::job_id(&step.id, &document.suffix));
        match jobs::by_key(face, &key).await {
            Ok((job, _)) => drop(seen.jobs.insert(step.id.clone(), self::job(&job))),
            Err(status) if status.code == Code::NotFound => {}
            Err(status) => return Err(status),
        }
    }
    Ok(seen)
}

async fn cluster(face: &Dataproc, place: &Place, managed: &Managed) -> Result<SeenCluster, Status> {
    if matches!(managed.phase(), Phase::Wanted | Phase::Gone) {
        return Ok(SeenCluster::Absent);
    }
    let found = match clusters::living(face, place, &managed.name).await {
        Ok(found) => found.cluster,
        Err(status) if status.code == Code::NotFound => return Ok(SeenCluster::Absent),
        Err(status) => return Err(status),
    };
    let uuid = found.cluster_uuid;
    // One that came later under the same name is another one.
    if !managed.uuid.is_empty() && managed.uuid != uuid {
        return Ok(SeenCluster::Absent);
    }
    let status = found.status.unwrap_or_default();
    Ok(match status.state() {
        ClusterState::Creating | ClusterState::Starting | ClusterState::Unknown => SeenCluster::Creating { uuid },
        ClusterState::Running | ClusterState::Updating | ClusterState::Repairing => SeenCluster::Running { uuid },
        ClusterState::Error | ClusterState::ErrorDueToUpdate => SeenCluster::Failed { uuid, why: status.detail },
        ClusterState::Deleting | ClusterState::Stopping | ClusterState::Stopped => SeenCluster::Going { uuid },
    })
}

fn job(job: &Job) -> SeenJob {
    let status = job.status.clone().unwrap_or_default();
    let details = |otherwise: &str| if status.details.is_empty() { otherwise.to_owned() } else { status.details.clone() };
    match status.state() {
        JobState::Done => SeenJob::Succeeded,
        JobState::Error => SeenJob::Failed(details("it failed")),
        JobState::Cancelled => SeenJob::Failed(details("it was cancelled")),
        JobState::CancelPending | JobState::CancelStarted => SeenJob::Active { cancelling: true },
        _ => SeenJob::Active { cancelling: false },
    }
}
