//! `SubmitJob` and `SubmitJobAsOperation`.

use std::collections::BTreeMap;

use bytes::Bytes;
use caddis_engine::calls::{CallErrorKind, Caller};
use caddis_googleapis::dataproc::cluster_status::State;
use caddis_googleapis::dataproc::job::TypeJob;
use caddis_googleapis::dataproc::{Job, JobPlacement, JobReference, PySparkJob, SubmitJobRequest};
use caddis_googleapis::longrunning::Operation;
use caddis_types::api::{ClusterChoice, JobWish, Program, RetryWish};
use prost::Message;

use super::name::{self, Name};
use super::{deadline, files, get, needs, render, retries};
use crate::clusters::{self, label_map};
use crate::documents::{self, About, Encoded, JobDocument, OutputDocument};
use crate::face::Dataproc;
use crate::operations::{self, Fresh, check_request_id};
use crate::place::Place;
use crate::raw;
use crate::wire::{Asked, Code, Status};

pub(crate) async fn submit(face: &Dataproc, asked: Asked<SubmitJobRequest>) -> Result<Bytes, Status> {
    let (place, id) = take(face, &asked, None).await?;
    get::encoded(face, &place, &id).await
}

pub(super) async fn as_operation(face: &Dataproc, asked: Asked<SubmitJobRequest>) -> Result<Operation, Status> {
    let place = Place::new(&asked.message.project_id, &asked.message.region)?;
    let fresh = Fresh::new(face, &place, "SubmitJobAsOperation", &asked.message.request_id)?;
    if let Some(first) = operations::repeated(face, &fresh).await? {
        return Ok(first);
    }
    take(face, &asked, Some(&fresh)).await?;
    operations::get_by_key(face, &fresh.key).await
}

/// Takes the job; answers where it is and its id, also of the first of several equal requests.
async fn take(
    face: &Dataproc,
    asked: &Asked<SubmitJobRequest>,
    operation: Option<&Fresh>,
) -> Result<(Place, String), Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    check_request_id(&request.request_id)?;
    let job = request.job.clone().ok_or_else(|| Status::field("job", "must be specified"))?;
    let name = Name::of(face, &place, &job, &request.request_id)?;
    let id = name.id.clone();
    let key = place.key(&id);
    if let Some(first) = documents::find::<JobDocument>(&face.engine, &key).await? {
        let repeated = !request.request_id.is_empty() && first.body.request_id.as_deref() == Some(&request.request_id);
        return if repeated { Ok((place, id)) } else { Err(name::exists(&place, &id)) };
    }
    name.free(face, &place).await?;
    label_map(&job.labels, "job.labels")?;
    let retry = retries::retries(job.scheduling.as_ref())?;
    let pyspark = pyspark(&job)?.clone();
    let timeout_ms = deadline::of(&job.labels)?;
    let placement = job.placement.clone().unwrap_or_default();
    if placement.cluster_name.is_empty() {
        return Err(Status::field("job.placement.cluster_name", "must be specified"));
    }
    let living = clusters::living(face, &place, &placement.cluster_name).await?;
    let state = living.cluster.status.as_ref().map_or(State::Unknown, |status| status.state());
    if !matches!(state, State::Running | State::Updating | State::Creating | State::Starting) {
        let text = format!("Cluster `{}` is in state {}: no job can be submitted to it", placement.cluster_name, state.as_str_name());
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let bucket = living.cluster.config.as_ref().map(|config| config.config_bucket.clone()).unwrap_or_default();
    let uuid = &living.document.body.uuid;
    let over = Job {
        reference: Some(JobReference { project_id: place.project.clone(), job_id: id.clone() }),
        placement: Some(JobPlacement { cluster_uuid: uuid.clone(), ..JobPlacement::default() }),
        driver_output_resource_uri: format!("gs://{bucket}/google-cloud-dataproc-metainfo/{uuid}/jobs/{id}/driveroutput"),
        driver_control_files_uri: format!("gs://{bucket}/google-cloud-dataproc-metainfo/{uuid}/jobs/{id}/"),
        ..Job::default()
    };
    let kept = raw::field("google.cloud.dataproc.v1.SubmitJobRequest", &asked.raw, "job")?;
    let kept = raw::merge(&kept, &over.encode_to_vec());
    let newer = raw::newer(render::JOB, &kept)?;
    let (job_uuid, at) = (face.uuid(), face.now());
    let ready = files::prepare(&pyspark, face.folder_of(&job_uuid), &face.objects, &asked.caller).await?;
    needs::check(face, &living, &ready.script).await?;
    clusters::staging(face, &place, &asked.caller, &bucket).await?;
    let prefix = format!("google-cloud-dataproc-metainfo/{uuid}/jobs/{id}");
    let output = |job: &caddis_types::JobId| OutputDocument {
        job: job.clone(),
        bucket: bucket.clone(),
        prefix: format!("{prefix}/driveroutput"),
    };
    let wish = wish(face, &job, &ready, pyspark.args, retry, living.document.body.cluster.as_str());
    let wish = JobWish { timeout_ms, ..wish };
    let request_id = Some(request.request_id.clone()).filter(|id| !id.is_empty());
    let made = |made: &caddis_types::JobId| {
        let document = JobDocument { uuid: job_uuid.clone(), job: made.clone(), asked: Encoded(kept), newer, request_id };
        let told = documents::write(&face.output_key(&key, &job_uuid), 0, &output(made));
        let mut writes = vec![documents::write(&key, 0, &document), told];
        writes.extend(name.take(&place, made));
        writes.extend(operation.map(|fresh| {
            let about = About::Job { key: key.clone(), id: made.to_string() };
            fresh.write(&asked.caller, about, at, job.labels.clone(), Vec::new())
        }));
        writes.extend(asked.also.iter().cloned());
        writes
    };
    match submitted(face, &asked.caller, wish, made).await {
        Ok(()) => {
            ready.keep();
            face.submitted.notify_one();
            Ok((place, id))
        }
        Err(Some(status)) => Err(status),
        // Somebody with the same id was faster.
        Err(None) => Err(name::exists(&place, &id)),
    }
}

async fn submitted(
    face: &Dataproc,
    caller: &Caller,
    wish: JobWish,
    made: impl FnOnce(&caddis_types::JobId) -> Vec<caddis_engine::ports::DocumentWrite> + Send,
) -> Result<(), Option<Status>> {
    match face.engine.submit_job_with(caller, wish, made).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == CallErrorKind::Conflict && error.code == "conflict" => Err(None),
        Err(error) => Err(Some(error.into())),
    }
}

/// The Python job in it; all other kinds are refused with what this is.
fn pyspark(job: &Job) -> Result<&PySparkJob, Status> {
    match &job.type_job {
        Some(TypeJob::PysparkJob(pyspark)) => Ok(pyspark),
        None => Err(Status::field("job.type_job", "must be specified: a Python job comes as `pyspark_job`")),
        Some(_) => {
            let what = "this Dataproc runs Python on Dask: there is no Spark, Hadoop, Hive, Pig, Presto or Flink; \
                        submit the Python file as `pyspark_job`";
            Err(Status::field("job.type_job", what))
        }
    }
}

fn wish(
    face: &Dataproc,
    job: &Job,
    ready: &files::Ready,
    args: Vec<String>,
    retry: RetryWish,
    cluster: &str,
) -> JobWish {
    let mut variables: BTreeMap<String, String> = face.variables.iter().cloned().collect();
    if let Some(modules) = &ready.modules {
        // The first is for the script, the second has the workers import them as well.
        for name in ["PYTHONPATH", "CADDIS_MODULES"] {
            variables.insert(name.to_owned(), modules.display().to_string());
        }
    }
    let tags = job.labels.iter().filter(|(key, _)| caddis_types::names::check(key).is_ok());
    JobWish {
        request_key: None,
        program: Program::Script(ready.script.display().to_string()),
        args,
        cwd: ready.cwd.display().to_string(),
        umask: Default::default(),
        variables,
        name: None,
        tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
        environment: Default::default(),
        cluster: ClusterChoice::Existing(cluster.to_owned()),
        retry,
        timeout_ms: None,
        keep_on_failure_ms: None,
        max_cost: None,
        stdin: false,
    }
}
