//! What goes into the archive.

use caddis_engine::calls::{CallError, Caller};
use caddis_googleapis::dataproc::{Cluster, Job};
use prost::{Message, Name};
use serde::Serialize;
use serde_json::Value;

use super::archive::File;
use super::redact::redact;
use crate::clusters::find::Living;
use crate::documents::{self, JobDocument};
use crate::face::Dataproc;
use crate::jobs;
use crate::place::Place;
use crate::raw;
use crate::wire::{Code, Form, Status, json};

const ABOUT: &str = "\
What Caddis knows of this cluster.

cluster.json  as Google's API answers it
record.json   what the database says
why.json      the reasons for its present state, the most direct first
events.jsonl  what happened to it and to its jobs
usage.jsonl   what each process of it used
jobs/         the jobs that ran on it, and the end of what they wrote to standard error
logs/         the ends of the logs of its scheduler and workers

Environment variables, keys, arguments of jobs, and values whose names say that they are secret are left out. Logs are
as the programs wrote them: look through them before you pass them on.
";
/// Lines of a job's standard error.
const LINES: usize = 200;
/// The newest jobs of the cluster.
const JOBS: usize = 100;

/// All of it. `only` are the ids of the jobs that are meant; none means all of the cluster's.
pub(super) async fn files(
    face: &Dataproc,
    caller: &Caller,
    place: &Place,
    living: &Living,
    only: &[String],
) -> Result<Vec<File>, Status> {
    let id = &living.document.body.cluster;
    let mut files = vec![("README.txt".to_owned(), ABOUT.as_bytes().to_vec())];
    files.push(("cluster.json".to_owned(), message::<Cluster>(&living.cluster)?));
    let mut subjects = vec![id.to_string()];
    if let Some(record) = &living.record {
        let (_, why) = face.engine.why(caller, id.as_str()).await?;
        files.push(("record.json".to_owned(), pretty(record)?));
        files.push(("why.json".to_owned(), pretty(&why)?));
    }
    for (name, job, record) in jobs_of(face, place, living, only).await? {
        let errors = face.outputs.last_errors(&record, LINES).await;
        files.push((format!("jobs/{name}.json"), message::<Job>(&job)?));
        files.push((format!("jobs/{name}.stderr"), errors.into_bytes()));
        subjects.push(record.to_string());
    }
    let store = &face.engine.ports.store;
    let mut events = Vec::new();
    for subject in &subjects {
        events.extend(store.events(0, Some(subject), 0).await.map_err(CallError::from)?);
    }
    events.sort_by_key(|event| event.seq);
    files.push(("events.jsonl".to_owned(), lines(&events)?));
    files.push(("usage.jsonl".to_owned(), lines(&store.ledger(id).await.map_err(CallError::from)?)?));
    let logs = face.outputs.cluster_logs(id).await;
    files.extend(logs.into_iter().map(|(name, content)| (format!("logs/{name}.log"), content)));
    Ok(files)
}

type JobOf = (String, Job, caddis_types::JobId);

/// The jobs that were submitted to this very cluster.
async fn jobs_of(face: &Dataproc, place: &Place, living: &Living, only: &[String]) -> Result<Vec<JobOf>, Status> {
    let mut found = Vec::new();
    for read in documents::list::<JobDocument>(&face.engine, &place.key(""), "", 0).await? {
        let name = read.key.rsplit('/').next().unwrap_or_default().to_owned();
        if !only.is_empty() && !only.contains(&name) {
            continue;
        }
        let asked = Job::decode(read.body.asked.0.clone()).unwrap_or_default();
        if asked.placement.is_some_and(|placed| placed.cluster_uuid == living.document.body.uuid) {
            found.push((name, read.key, read.body.job));
        }
    }
    // Ids of ours are in the order of time.
    found.sort_by(|left, right| right.2.cmp(&left.2));
    found.truncate(JOBS);
    let mut all = Vec::new();
    for (name, key, record) in found {
        all.push((name, jobs::by_key(face, &key).await?.0, record));
    }
    Ok(all)
}

fn message<M: Message + Name>(message: &M) -> Result<Vec<u8>, Status> {
    let text = json(&raw::descriptor(&M::full_name()), &message.encode_to_vec(), Form::default())?;
    let value: Value = serde_json::from_slice(&text).map_err(internal)?;
    pretty(&value)
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, Status> {
    let mut value = serde_json::to_value(value).map_err(internal)?;
    redact(&mut value);
    serde_json::to_vec_pretty(&value).map_err(internal)
}

fn lines<T: Serialize>(all: &[T]) -> Result<Vec<u8>, Status> {
    let mut text = Vec::new();
    for one in all {
        let mut value = serde_json::to_value(one).map_err(internal)?;
        redact(&mut value);
        serde_json::to_writer(&mut text, &value).map_err(internal)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn internal(error: serde_json::Error) -> Status {
    Status::new(Code::Internal, error.to_string())
}
