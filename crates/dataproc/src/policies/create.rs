//! `CreateAutoscalingPolicy`.

use bytes::Bytes;
use caddis_engine::calls::CallErrorKind;
use caddis_googleapis::dataproc::CreateAutoscalingPolicyRequest;

use super::{find, validate};
use crate::documents::{self, Encoded, PolicyDocument};
use crate::face::Dataproc;
use crate::place::Place;
use crate::raw;
use crate::wire::{Asked, Code, Status};

pub(super) async fn create(face: &Dataproc, asked: Asked<CreateAutoscalingPolicyRequest>) -> Result<Bytes, Status> {
    let place = Place::parent("parent", &asked.message.parent)?;
    let policy = asked.message.policy.clone().ok_or_else(|| Status::field("policy", "must be specified"))?;
    validate::id(&policy.id)?;
    validate::policy(&policy)?;
    let kept = raw::field("google.cloud.dataproc.v1.CreateAutoscalingPolicyRequest", &asked.raw, "policy")?;
    let body = PolicyDocument { asked: Encoded(validate::filled(&kept)), created_at: face.now() };
    let key = place.key(&policy.id);
    match face.engine.write_documents(vec![documents::write(&key, 0, &body)]).await {
        Ok(()) => Ok(find::answer(&key, &body, &asked.message.parent)),
        Err(error) if error.kind == CallErrorKind::Conflict => {
            let name = format!("{}/autoscalingPolicies/{}", asked.message.parent, policy.id);
            Err(Status::new(Code::AlreadyExists, format!("Already exists: Autoscaling policy {name}")))
        }
        Err(error) => Err(error.into()),
    }
}
