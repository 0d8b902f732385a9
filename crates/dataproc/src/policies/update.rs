//! `UpdateAutoscalingPolicy`: the whole policy anew. Clusters that name it have the new range in the same moment.

use bytes::Bytes;
use caddis_engine::calls::CallErrorKind;
use caddis_googleapis::dataproc::UpdateAutoscalingPolicyRequest;

use super::scaling::Scaling;
use super::{find, users, validate};
use crate::documents::{self, Encoded, PolicyDocument, Read};
use crate::face::Dataproc;
use crate::raw;
use crate::wire::{Asked, Status};

/// How often it starts over when a cluster that names the policy was changed meanwhile.
const TRIES: usize = 10;

pub(super) async fn update(face: &Dataproc, asked: Asked<UpdateAutoscalingPolicyRequest>) -> Result<Bytes, Status> {
    let policy = asked.message.policy.clone().ok_or_else(|| Status::field("policy", "must be specified"))?;
    let name = policy.name.as_str();
    let (_, id) = find::place("policy.name", name)?;
    if !policy.id.is_empty() && policy.id != id {
        return Err(Status::field("policy.id", format!("`{}` is not the id in the name `{name}`", policy.id)));
    }
    validate::policy(&policy)?;
    let kept = raw::field("google.cloud.dataproc.v1.UpdateAutoscalingPolicyRequest", &asked.raw, "policy")?;
    let kept = Encoded(validate::filled(&kept));
    for tries in 1.. {
        let before = find::find(face, "policy.name", name).await?;
        let body = PolicyDocument { asked: kept.clone(), created_at: before.body.created_at };
        let now = Read { body, ..before };
        let scaling = Scaling::of(&now.key, &find::policy(&now)?);
        let mut writes = vec![documents::write(&now.key, now.generation, &now.body)];
        let mut reshapes = Vec::new();
        for mut user in users::of(face, &now.key).await? {
            user.body.scaling = Some(scaling.clone());
            writes.push(documents::write(&user.key, user.generation, &user.body));
            reshapes.push(scaling.reshape(&user.body.cluster));
        }
        match face.engine.reshape_clusters_with(&asked.caller, reshapes, writes).await {
            Ok(()) => return Ok(find::answer(&now.key, &now.body, find::parent(name))),
            Err(error) if error.kind == CallErrorKind::Conflict && tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
    unreachable!("the last try returns")
}
