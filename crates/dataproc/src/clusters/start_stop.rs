//! `StopCluster` and `StartCluster`: nothing runs in between; what was asked for stays.

use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::{StartClusterRequest, StopClusterRequest};
use caddis_googleapis::longrunning::Operation;

use super::find::{self, Living};
use super::{create, delete, render, status};
use crate::documents::{self, About, ClusterDocument, ClusterWork, Turn, TurningDocument, Wish};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::wire::{Asked, Code, Status};

pub(super) async fn stop(face: &Dataproc, asked: Asked<StopClusterRequest>) -> Result<Operation, Status> {
    documents::again(|| stop_once(face, &asked)).await
}

async fn stop_once(face: &Dataproc, asked: &Asked<StopClusterRequest>) -> Result<Operation, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let fresh = Fresh::new(face, &place, "StopCluster", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    let living = find::living(face, &place, &request.cluster_name).await?;
    delete::same(&request.cluster_uuid, &living.document.body.uuid, &place, &request.cluster_name)?;
    in_state(&living, &[State::Running, State::Updating, State::Error], "stopped")?;
    let at = face.now();
    let mut document = living.document.body.clone();
    status::turn(&mut document, living.record.as_ref(), Turn::new(Wish::Stop, at));
    let about = about(ClusterWork::Stop, &request.cluster_name, &document);
    let writes = vec![
        documents::write(&living.document.key, living.document.generation, &document),
        fresh.write(&asked.caller, about, at, living.cluster.labels.clone(), Vec::new()),
        documents::write(&fresh.key, 0, &TurningDocument::of(&living.document.key, &document)),
    ];
    face.engine.stop_cluster_with(&asked.caller, document.cluster.as_str(), writes).await?;
    operations::get_by_key(face, &fresh.key).await
}

pub(super) async fn start(face: &Dataproc, asked: Asked<StartClusterRequest>) -> Result<Operation, Status> {
    documents::again(|| start_once(face, &asked)).await
}

async fn start_once(face: &Dataproc, asked: &Asked<StartClusterRequest>) -> Result<Operation, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let fresh = Fresh::new(face, &place, "StartCluster", &request.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    let living = find::living(face, &place, &request.cluster_name).await?;
    delete::same(&request.cluster_uuid, &living.document.body.uuid, &place, &request.cluster_name)?;
    in_state(&living, &[State::Stopped], "started")?;
    let at = face.now();
    let config = living.cluster.config.clone().unwrap_or_default();
    let wish = {
        let document = &living.document.body;
        create::wish(face, &living.cluster, &config, document.scaling.as_ref(), document.ends_at)?
    };
    let (name, labels) = (request.cluster_name.clone(), living.cluster.labels.clone());
    let made = |cluster: &caddis_types::ClusterId| {
        let mut document = living.document.body.clone();
        status::turn(&mut document, living.record.as_ref(), Turn::new(Wish::Start, at));
        document.cluster = cluster.clone();
        let about = about(ClusterWork::Start, &name, &document);
        vec![
            documents::write(&living.document.key, living.document.generation, &document),
            fresh.write(&asked.caller, about, at, labels, Vec::new()),
        ]
    };
    face.engine.create_cluster_with(&asked.caller, wish, made).await?;
    operations::get_by_key(face, &fresh.key).await
}

fn about(what: ClusterWork, name: &str, document: &ClusterDocument) -> About {
    About::Cluster {
        what,
        name: name.to_owned(),
        uuid: document.uuid.clone(),
        cluster: document.cluster.clone(),
        asked: document.asked.clone(),
    }
}

fn in_state(living: &Living, states: &[State], participle: &str) -> Result<(), Status> {
    let state = render::state(&living.cluster);
    if states.contains(&state) {
        return Ok(());
    }
    let name = &living.cluster.cluster_name;
    let text = format!("Cluster `{name}` cannot be {participle} in state {}", state.as_str_name());
    Err(Status::new(Code::FailedPrecondition, text))
}
