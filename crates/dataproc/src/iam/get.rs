//! `GetIamPolicy`: of a resource without one, a policy without bindings.

use caddis_googleapis::iam::{GetIamPolicyRequest, Policy};

use super::{resource, validate};
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetIamPolicyRequest>) -> Result<Policy, Status> {
    let wanted = asked.message.options.as_ref().map_or(0, |options| options.requested_policy_version);
    validate::version("options.requested_policy_version", wanted)?;
    let key = resource::key(face, &asked.message.resource).await?;
    resource::policy(resource::read(face, &key).await?.as_ref())
}
