//! What something waits for that is under way, in the words of `caddis why`.
//!
//! Asked for when somebody looks at one thing; not for the things of a list, nor for what was asked for just now, since
//! an answer reads the whole pool. What is told changes from look to look and is no part of any history.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::calls::Caller;
use caddis_googleapis::dataproc::cluster_status::State as ClusterState;
use caddis_googleapis::dataproc::job_status::State as JobState;
use caddis_googleapis::dataproc::{Cluster, Job};
use caddis_types::{Reason, ReasonCode};

use crate::face::Dataproc;

/// Says in a cluster's status why it is not there yet.
pub(crate) async fn say_of_cluster(face: &Dataproc, cluster: &mut Cluster, record: Option<&ClusterRecord>) {
    let (Some(status), Some(record)) = (&mut cluster.status, record) else { return };
    let under_way = matches!(status.state(), ClusterState::Creating | ClusterState::Starting | ClusterState::Updating);
    if under_way && status.detail.is_empty() {
        status.detail = of_cluster(face, record).await;
    }
}

/// Says in a job's status why it has not begun.
pub(crate) async fn say_of_job(face: &Dataproc, job: &mut Job, record: Option<&JobRecord>) {
    let (Some(status), Some(record)) = (&mut job.status, record) else { return };
    if matches!(status.state(), JobState::Pending | JobState::SetupDone) && status.details.is_empty() {
        status.details = of_job(face, record).await;
    }
}

/// What a cluster waits for; empty when nothing is known of that.
pub(crate) async fn of_cluster(face: &Dataproc, record: &ClusterRecord) -> String {
    first(face, &record.owner, record.id.as_str()).await.map(|reason| reason.sentence).unwrap_or_default()
}

/// What a job waits for. Where that is its cluster, what the cluster waits for stands behind it.
async fn of_job(face: &Dataproc, record: &JobRecord) -> String {
    let Some(reason) = first(face, &record.owner, record.id.as_str()).await else { return String::new() };
    let cluster = record.cluster_id().filter(|_| reason.code == ReasonCode::StartingCluster);
    let cluster = match cluster {
        Some(cluster) => first(face, &record.owner, cluster.as_str()).await,
        None => None,
    };
    match cluster {
        Some(of_cluster) => format!("{}: {}", reason.sentence, of_cluster.sentence),
        None => reason.sentence,
    }
}

/// The most direct reason that speaks of waiting. A reason that cannot be found must not keep anybody from an answer.
async fn first(face: &Dataproc, owner: &str, id: &str) -> Option<Reason> {
    let caller = Caller { owner: owner.to_owned() };
    let (_, reasons) = face.engine.why(&caller, id).await.ok()?;
    reasons.into_iter().find(|reason| is_waiting(reason.code))
}

/// Whether a reason names something that is still to come. The others say what is being done, or for how long.
fn is_waiting(code: ReasonCode) -> bool {
    match code {
        ReasonCode::WaitingForCapacity
        | ReasonCode::WaitingForRetry
        | ReasonCode::BuildingEnvironment
        | ReasonCode::StartingCluster
        | ReasonCode::StartingScript
        | ReasonCode::ReplacingWorker
        | ReasonCode::WaitingForWorkers
        | ReasonCode::DrainingWorker
        | ReasonCode::WorldUnknown => true,
        ReasonCode::ScriptRunning
        | ReasonCode::ServingJob
        | ReasonCode::InUse
        | ReasonCode::Idle
        | ReasonCode::FollowsLoad
        | ReasonCode::FixedSize
        | ReasonCode::KeptAfterFailure
        | ReasonCode::TimeLimited
        | ReasonCode::Stopping
        | ReasonCode::Ended => false,
    }
}
