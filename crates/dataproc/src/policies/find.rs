//! Policies by their names, as they are kept and as they are answered.

use bytes::Bytes;
use caddis_googleapis::dataproc::AutoscalingPolicy;
use prost::Message;

use super::COLLECTION;
use super::scaling::Scaling;
use crate::documents::{self, PolicyDocument, Read};
use crate::face::Dataproc;
use crate::place::Place;
use crate::raw;
use crate::wire::{Code, Status};

/// Where a policy is, from its full name in the field `field`.
pub(super) fn place<'n>(field: &str, name: &'n str) -> Result<(Place, &'n str), Status> {
    match Place::parse(field, name)? {
        (place, COLLECTION, id) => Ok((place, id)),
        _ => Err(Status::field(field, format!("`{name}` is no autoscaling policy"))),
    }
}

/// The policy of this full name, or NOT_FOUND.
pub(super) async fn find(face: &Dataproc, field: &str, name: &str) -> Result<Read<PolicyDocument>, Status> {
    let (place, id) = self::place(field, name)?;
    let found = documents::find::<PolicyDocument>(&face.engine, &place.key(id)).await?;
    found.ok_or_else(|| Status::not_found("Autoscaling policy", name))
}

/// Whether the policy of this full name is there.
pub(crate) async fn exists(face: &Dataproc, name: &str) -> Result<(), Status> {
    find(face, "resource", name).await.map(drop)
}

/// What the policy that a cluster names says of its workers.
pub(crate) async fn named(face: &Dataproc, place: &Place, uri: &str) -> Result<Scaling, Status> {
    const FIELD: &str = "cluster.config.autoscaling_config.policy_uri";
    // As in `https://www.googleapis.com/compute/v1/projects/...`: what stands before the name is no part of it.
    let name = uri.find("projects/").map_or(uri, |at| &uri[at..]);
    let (of, id) = self::place(FIELD, name)?;
    if of != *place {
        let what = format!("`{uri}` is not in the project and region of the cluster, `{}`", place.name());
        return Err(Status::field(FIELD, what));
    }
    let policy = policy(&find(face, FIELD, name).await?)?;
    let scaling = Scaling::of(&place.key(id), &policy);
    together(&scaling).map_err(|what| Status::field(FIELD, format!("the groups of `{uri}` taken together: {what}")))?;
    Ok(scaling)
}

/// Each group may be as large as Google says, and both together still be more than one cluster may have.
fn together(scaling: &Scaling) -> Result<(), &'static str> {
    scaling.range().check()
}

/// As it is kept.
pub(super) fn policy(read: &Read<PolicyDocument>) -> Result<AutoscalingPolicy, Status> {
    AutoscalingPolicy::decode(read.body.asked.0.clone())
        .map_err(|error| Status::new(Code::Internal, format!("what is kept of the policy cannot be read: {error}")))
}

/// As it is answered: with the name that it has in `parent` (`projects/*/regions/*`, or `locations`).
pub(super) fn answer(key: &str, body: &PolicyDocument, parent: &str) -> Bytes {
    let id = key.rsplit('/').next().unwrap_or_default().to_owned();
    let over = AutoscalingPolicy { name: format!("{parent}/{COLLECTION}/{id}"), id, ..AutoscalingPolicy::default() };
    raw::merge(&body.asked.0, &over.encode_to_vec())
}

/// What stands before a policy in its full name.
pub(super) fn parent(name: &str) -> &str {
    name.rsplitn(3, '/').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_groups_together_are_no_more_than_a_cluster_may_have() {
        let of = |primary, secondary| {
            let group = |min, max| crate::policies::Group { min, max, weight: 1 };
            together(&Scaling { policy: "p/us-east1/x".to_owned(), primary: group(2, primary), secondary: group(0, secondary) })
        };
        assert_eq!(of(10_000, 0), Ok(()));
        assert!(of(10_000, 1).unwrap_err().contains("10,000 workers"));
    }

    #[test]
    fn a_name_is_answered_in_the_words_it_was_asked_in() {
        let key = "p/us-east1/half";
        for name in ["projects/p/regions/us-east1/autoscalingPolicies/half", "projects/p/locations/us-east1/autoscalingPolicies/half"] {
            let answered = AutoscalingPolicy::decode(answer(key, &PolicyDocument::default(), parent(name))).unwrap();
            assert_eq!((answered.name.as_str(), answered.id.as_str()), (name, "half"));
            assert_eq!(place("name", name).unwrap().0.key("half"), key);
        }
        assert!(place("name", "projects/p/regions/us-east1/clusters/half").is_err());
    }
}
