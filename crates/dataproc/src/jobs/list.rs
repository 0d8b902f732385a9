//! `ListJobs`.

use caddis_googleapis::dataproc::job_status::State;
use caddis_googleapis::dataproc::list_jobs_request::JobStateMatcher;
use caddis_googleapis::dataproc::{Job, ListJobsRequest, ListJobsResponse};

use super::{get, render};
use crate::documents::{self, JobDocument};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::wire::{Asked, Status};

const FIELDS: [&str; 4] = ["status.state", "jobId", "clusterName", "reference.jobId"];

pub(super) async fn list(face: &Dataproc, asked: Asked<ListJobsRequest>) -> Result<ListJobsResponse, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let filter = Filter::parse(&request.filter)?;
    filter.check(&FIELDS)?;
    let mut page = page::Page::new(page::size(request.page_size)?);
    let after = page::after(&request.page_token)?;
    let active = match request.job_state_matcher() {
        JobStateMatcher::All => None,
        JobStateMatcher::Active => Some(true),
        JobStateMatcher::NonActive => Some(false),
    };
    for read in documents::list::<JobDocument>(&face.engine, &place.key(""), &after, 0).await? {
        let cluster = &request.cluster_name;
        if !cluster.is_empty() && render::decode(&read)?.placement.is_none_or(|placement| placement.cluster_name != *cluster) {
            continue;
        }
        let record = get::record(face, &read).await?;
        let job = render::job(face, &read, record.as_ref()).await?;
        let wanted = active.is_none_or(|active| active != job.done) && filter.matches(&subject(&job));
        if wanted && !page.take(&read.key, job) {
            break;
        }
    }
    let (jobs, next_page_token) = page.done();
    Ok(ListJobsResponse { jobs, next_page_token, ..ListJobsResponse::default() })
}

fn subject(job: &Job) -> Subject<'_> {
    let state = job.status.as_ref().map_or(State::Unspecified, |status| status.state());
    let group = if job.done { "NON_ACTIVE" } else { "ACTIVE" };
    let id = job.reference.as_ref().map_or("", |reference| reference.job_id.as_str());
    let cluster = job.placement.as_ref().map_or("", |placement| placement.cluster_name.as_str());
    Subject {
        fields: vec![
            (FIELDS[0], vec![state.as_str_name(), group]),
            (FIELDS[1], vec![id]),
            (FIELDS[2], vec![cluster]),
            (FIELDS[3], vec![id]),
        ],
        labels: &job.labels,
    }
}
