//! `GET /v1/clusters/{ref}/logs?member=&offset=&follow=&frames=`: what one process of a cluster wrote.
//!
//! `member` is a name such as `worker-0000.1`; without it, it is the scheduler. With `follow` the answer ends when
//! the cluster has.

use std::io;

use axum::extract::State;
use caddis_core::world::Member;
use caddis_engine::calls::Caller;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::http::path::Path;
use crate::http::query::Query;
use crate::logs::{Output, Part, Source, answer, is_over};
use crate::openapi::{About, Raw, codes};

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Which {
    /// Which process, such as `worker-0000.1`; absent means the scheduler.
    member: Option<String>,
    /// From this byte on.
    offset: u64,
    /// Goes on as the process writes, and ends when the cluster has.
    follow: bool,
    /// In frames, from which a client that was cut off can go on.
    frames: bool,
}

pub(super) const ABOUT: About = About::new("read_cluster_logs", "What one process of a cluster wrote.")
    .refuses(&[codes::FIND, &[(StatusCode::BAD_REQUEST, "bad_member")]]);

pub(super) async fn logs(
    State(face): State<Face>,
    Who(caller): Who,
    Path(reference): Path<String>,
    Query(which): Query<Which>,
) -> Result<Raw<Output>, Refusal> {
    let cluster = face.assembly.engine.find_cluster(&caller, &reference).await?;
    let member = member(which.member.as_deref())?;
    let path = face.assembly.home.cluster_logs(&cluster.id).join(format!("{member}.log"));
    if !which.follow && !tokio::fs::try_exists(&path).await.unwrap_or(false) {
        let text = format!("`{member}` of cluster `{}` left no log\nhint: `/members` names those that did", cluster.id);
        return Err(Refusal::not_found(text));
    }
    let id = cluster.id.to_string();
    let end = Box::new(End { face: face.clone(), caller, cluster: id.clone() });
    let source = Source { path, limit: face.assembly.output_limit, subject: id, end };
    let part = Part { offset: which.offset, follow: which.follow, frames: which.frames };
    Ok(Raw::new(answer(&face, source, part)))
}

/// Only names of schedulers and workers: a script's output is its job's, and nothing else leads to a file here.
fn member(name: Option<&str>) -> Result<Member, Refusal> {
    let name = match name {
        None | Some("scheduler") => return Ok(Member::Scheduler),
        Some(name) => name,
    };
    match name.parse() {
        Ok(member @ (Member::Scheduler | Member::Worker { .. } | Member::Setup { .. })) => Ok(member),
        _ => Err(Refusal::invalid(
            "bad_member",
            format!("`{name}` is not a scheduler, worker or setup\nhint: names look like `scheduler.1`, `worker-0000.1` and `setup-0000.1`"),
        )),
    }
}

/// A cluster's logs grow no more once it has ended, or is not known any more.
struct End {
    face: Face,
    caller: Caller,
    cluster: String,
}

#[async_trait::async_trait]
impl crate::logs::End for End {
    async fn reached(&self) -> io::Result<bool> {
        is_over(self.face.assembly.engine.find_cluster(&self.caller, &self.cluster).await, |record| record.state.is_ended())
    }
}
