//! `ListJobs`, newest first.

use bytes::Bytes;
use caddis_engine::calls::CallError;
use caddis_googleapis::dataproc::job_status::State;
use caddis_googleapis::dataproc::list_jobs_request::JobStateMatcher;
use caddis_googleapis::dataproc::{Job, ListJobsRequest, ListJobsResponse};

use prost::Message;

use super::render;
use crate::documents::{self, JobDocument};
use crate::face::Dataproc;
use crate::filter::{Filter, Subject};
use crate::page;
use crate::place::Place;
use crate::raw;
use crate::records;
use crate::wire::{Asked, Status};

/// The number of `ListJobsResponse.jobs`.
const JOBS: u32 = 1;
const FIELDS: [&str; 4] = ["status.state", "jobId", "clusterName", "reference.jobId"];

pub(super) async fn list(face: &Dataproc, asked: Asked<ListJobsRequest>) -> Result<Bytes, Status> {
    let request = asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let filter = Filter::parse(&request.filter)?;
    filter.check(&FIELDS)?;
    let mut page = page::Page::new(page::size(request.page_size)?);
    let mut before = page::before(&request.page_token)?;
    let active = match request.job_state_matcher() {
        JobStateMatcher::All => None,
        JobStateMatcher::Active => Some(true),
        JobStateMatcher::NonActive => Some(false),
    };
    let cluster = &request.cluster_name;
    let filtered = active.is_some() || !filter.is_empty() || !cluster.is_empty();
    'page: loop {
        let asked = page.batch(filtered);
        let batch = documents::newest::<JobDocument>(&face.engine, &place.key(""), before, asked).await?;
        let (many, last) = (batch.len(), batch.last().map(|read| read.number));
        let ids = batch.iter().map(|read| &read.body.job);
        let records = records::jobs(&face.engine.ports, ids).await.map_err(CallError::from)?;
        for read in batch {
            let record = records.get(&read.body.job);
            let mut job = render::states(&read, record)?;
            let wanted = active.is_none_or(|active| active != job.done) && filter.matches(&subject(&job));
            let placed = job.placement.as_ref().map_or("", |placement| placement.cluster_name.as_str());
            if !wanted || !(cluster.is_empty() || placed == cluster) {
                continue;
            }
            render::say_errors(face, &mut job, record).await;
            if !page.take(&read.number.to_string(), render::encoded(&read.body, &job)?) {
                break 'page;
            }
        }
        match last {
            Some(_) if many == asked as usize => before = last,
            _ => break,
        }
    }
    let (jobs, next_page_token) = page.done();
    let rest = ListJobsResponse { next_page_token, ..ListJobsResponse::default() };
    Ok(raw::merge(&raw::repeated(JOBS, &jobs), &rest.encode_to_vec()))
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
