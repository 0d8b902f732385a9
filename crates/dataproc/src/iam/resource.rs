//! What a policy may be on, and where it is kept.
//!
//! What always holds: the policy of a cluster or a job is that of this very one; another of the same name begins without.

use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::iam::Policy;
use prost::Message;

use crate::documents::{self, IamDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Code, Status};
use crate::{clusters, jobs, operations, policies};

/// Kinds of things that have policies, by their word in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cluster,
    Job,
    Operation,
    WorkflowTemplate,
    AutoscalingPolicy,
}

impl Kind {
    /// As names and permissions spell it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Cluster => "clusters",
            Kind::Job => "jobs",
            Kind::Operation => "operations",
            Kind::WorkflowTemplate => "workflowTemplates",
            Kind::AutoscalingPolicy => "autoscalingPolicies",
        }
    }

    /// Whether it is also in `locations/*`.
    fn in_locations(self) -> bool {
        matches!(self, Kind::WorkflowTemplate | Kind::AutoscalingPolicy)
    }
}

const KINDS: [Kind; 5] = [Kind::Cluster, Kind::Job, Kind::Operation, Kind::WorkflowTemplate, Kind::AutoscalingPolicy];

/// The kind of the documents of workflow templates.
const TEMPLATE: &str = "dataproc.workflow_template";

/// What the name of a resource says.
pub(super) fn parse(name: &str) -> Result<(Place, Kind, &str), Status> {
    let (place, word, id) = Place::parse("resource", name)?;
    let kind = KINDS.into_iter().find(|kind| kind.word() == word);
    match kind.filter(|kind| kind.in_locations() || !name.contains("/locations/")) {
        Some(kind) => Ok((place, kind, id)),
        None => Err(Status::field("resource", format!("`{name}` is nothing that has a policy"))),
    }
}

/// The key under which the policy of this resource is kept; NOT_FOUND when there is no such resource.
pub(super) async fn key(face: &Dataproc, name: &str) -> Result<String, Status> {
    let (place, kind, id) = parse(name)?;
    let own = match kind {
        Kind::Cluster => clusters::living(face, &place, id).await?.document.body.uuid,
        Kind::Job => jobs::by_key(face, &place.key(id)).await.map_err(|_| Status::not_found("Job", name))?.1.body.uuid,
        Kind::Operation => operations::exists(face, name).await.map(|()| id.to_owned())?,
        Kind::AutoscalingPolicy => policies::exists(face, name).await.map(|()| id.to_owned())?,
        Kind::WorkflowTemplate => match face.engine.document(TEMPLATE, &place.key(id)).await? {
            Some(_) => id.to_owned(),
            None => return Err(Status::not_found("Workflow template", name)),
        },
    };
    Ok(self::of(&place.key(&own), kind))
}

fn of(key: &str, kind: Kind) -> String {
    format!("{}/{key}", kind.word())
}

/// What is kept under this key.
pub(super) async fn read(face: &Dataproc, key: &str) -> Result<Option<Read<IamDocument>>, Status> {
    documents::find::<IamDocument>(&face.engine, key).await
}

/// The policy as it is answered, with what tells it from earlier and later ones.
pub(super) fn policy(kept: Option<&Read<IamDocument>>) -> Result<Policy, Status> {
    let Some(kept) = kept else { return Ok(Policy { etag: etag(0), ..Policy::default() }) };
    let mut policy = Policy::decode(kept.body.policy.0.clone())
        .map_err(|error| Status::new(Code::Internal, format!("what is kept of the policy cannot be read: {error}")))?;
    policy.etag = etag(kept.generation);
    Ok(policy)
}

/// Of a generation; 0 is that of a policy which nobody has set.
pub(super) fn etag(generation: u64) -> Vec<u8> {
    generation.to_be_bytes().to_vec()
}

/// What removes the policy of something that is being removed: of a cluster or a job by its uuid, else by its id.
pub(crate) async fn forget(face: &Dataproc, word: &str, key: &str) -> Result<Option<DocumentWrite>, Status> {
    let Some(kind) = KINDS.into_iter().find(|kind| kind.word() == word) else { return Ok(None) };
    Ok(read(face, &of(key, kind)).await?.map(|kept| documents::remove(&kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_policy() {
        for good in [
            "projects/p/regions/us-east1/clusters/c",
            "projects/p/regions/us-east1/jobs/j",
            "projects/p/regions/us-east1/operations/o",
            "projects/p/locations/us-east1/workflowTemplates/w",
            "projects/p/locations/us-east1/autoscalingPolicies/a",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["projects/p/locations/us-east1/clusters/c", "projects/p/regions/us-east1/batches/b", "projects/p/regions/us-east1", ""] {
            assert_eq!(parse(bad).unwrap_err().code, Code::InvalidArgument, "{bad}");
        }
    }
}
