//! `GET /v1/events?after=&subject=&limit=&wait_ms=`: what happened to the caller's jobs and clusters, oldest first.
//!
//! With `wait_ms` it waits for the first event. The next request goes on after the last `seq`. When retention has
//! removed events behind the `seq` that is given, a reader may have missed some: that is said instead of going on in
//! silence. Without one the answer begins with the oldest that is kept.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use caddis_engine::calls::Caller;
use caddis_engine::ports::EVENTS_REMOVED;
use caddis_types::api::EventView;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::longpoll::Patience;
use crate::http::query::Query;
use crate::openapi::{About, Routes, codes};

/// Events of one answer, unless fewer are asked for.
const MOST: u32 = 1000;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Which {
    /// Only those after this `seq`; absent or 0 means from the oldest that is kept.
    after: i64,
    /// Only those of this job or cluster: an id, a name, or `latest`.
    subject: Option<String>,
    /// At most so many; there are never more than 1000.
    limit: Option<u32>,
    /// Waits so long for the first, milliseconds; at most a minute.
    wait_ms: u64,
}

const ABOUT: About = About::new(
    "list_events",
    "What happened to the caller's jobs and clusters, oldest first. With a time to wait it waits for the first.",
)
.refuses(&[codes::FIND, &[(StatusCode::GONE, "events_removed")]]);

pub(super) fn routes() -> Routes {
    Routes::of("events").get("/v1/events", events, &ABOUT)
}

async fn events(
    State(face): State<Face>,
    Who(caller): Who,
    Query(which): Query<Which>,
) -> Result<Json<Vec<EventView>>, Refusal> {
    let subject = match &which.subject {
        Some(reference) => Some(resolve(&face, &caller, reference).await?),
        None => None,
    };
    let patience = Patience::new(which.wait_ms);
    let mut watch = match &subject {
        Some(subject) => face.assembly.hub.watch(subject),
        None => face.assembly.hub.watch_all(),
    };
    let limit = which.limit.unwrap_or(MOST).clamp(1, MOST);
    let mut owned = HashMap::new();
    let mut after = which.after;
    loop {
        let found = face.assembly.engine.ports.store.events(after, subject.as_deref(), limit).await?;
        let more = found.len() == limit as usize;
        after = found.last().map_or(after, |event| event.seq);
        unbroken(&face, which.after).await?;
        let found = own(&face, &caller, found, &mut owned).await;
        if !found.is_empty() {
            return Ok(Json(found));
        }
        if !more && !patience.wait(&face, &mut watch).await {
            return Ok(Json(Vec::new()));
        }
    }
}

/// Refuses when something behind this number is not kept any more; asked after the events were read.
async fn unbroken(face: &Face, after: i64) -> Result<(), Refusal> {
    let removed = face.assembly.engine.ports.store.setting(EVENTS_REMOVED).await?;
    let removed: i64 = removed.and_then(|removed| removed.parse().ok()).unwrap_or(0);
    if after <= 0 || after >= removed {
        return Ok(());
    }
    let text = format!(
        "events after {after}, up to {removed}, are not kept any more\nhint: look at the jobs and clusters themselves, \
         and go on with `after={removed}`"
    );
    Err(Refusal::new(StatusCode::GONE, "events_removed", text))
}

async fn resolve(face: &Face, caller: &Caller, reference: &str) -> Result<String, Refusal> {
    let engine = &face.assembly.engine;
    match engine.find_job(caller, reference).await {
        Ok(job) => Ok(job.id.to_string()),
        Err(_) => Ok(engine.find_cluster(caller, reference).await?.id.to_string()),
    }
}

/// Only what the caller owns; each subject is looked up once.
async fn own(
    face: &Face,
    caller: &Caller,
    events: Vec<EventView>,
    owned: &mut HashMap<String, bool>,
) -> Vec<EventView> {
    let mut own = Vec::new();
    for event in events {
        let is_own = match owned.get(&event.subject) {
            Some(known) => *known,
            None => resolve(face, caller, &event.subject).await.is_ok(),
        };
        owned.insert(event.subject.clone(), is_own);
        own.extend(is_own.then_some(event));
    }
    own
}
