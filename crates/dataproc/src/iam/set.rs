//! `SetIamPolicy`: the whole policy anew, unless somebody set another one since it was read.

use caddis_engine::calls::CallErrorKind;
use caddis_googleapis::iam::{Policy, SetIamPolicyRequest};
use prost::Message;

use super::{resource, validate};
use crate::documents::{self, Encoded, IamDocument};
use crate::face::Dataproc;
use crate::raw;
use crate::wire::{Asked, Code, Status};

/// What a request without a mask changes.
const USUAL: [&str; 2] = ["bindings", "etag"];

pub(super) async fn set(face: &Dataproc, asked: Asked<SetIamPolicyRequest>) -> Result<Policy, Status> {
    let request = &asked.message;
    let wanted = request.policy.clone().ok_or_else(|| Status::field("policy", "must be specified"))?;
    validate::policy(&wanted)?;
    let paths = paths(request)?;
    let key = resource::key(face, &request.resource).await?;
    let kept = resource::read(face, &key).await?;
    let mut policy = resource::policy(kept.as_ref())?;
    if !wanted.etag.is_empty() && wanted.etag != policy.etag {
        return Err(changed());
    }
    let names = |path: &str| paths.iter().any(|named| named == path);
    if names("bindings") {
        policy.bindings = wanted.bindings;
        policy.version = wanted.version;
    }
    if names("audit_configs") {
        policy.audit_configs = wanted.audit_configs;
    }
    let generation = kept.map_or(0, |kept| kept.generation);
    policy.etag = Vec::new();
    let body = IamDocument { policy: Encoded(policy.encode_to_vec().into()) };
    match face.engine.write_documents(vec![documents::write(&key, generation, &body)]).await {
        Ok(()) => Ok(Policy { etag: resource::etag(generation + 1), ..policy }),
        Err(error) if error.kind == CallErrorKind::Conflict => Err(changed()),
        Err(error) => Err(error.into()),
    }
}

fn changed() -> Status {
    let text = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.";
    Status::new(Code::Aborted, text)
}

fn paths(request: &SetIamPolicyRequest) -> Result<Vec<String>, Status> {
    let named: Vec<String> = request.update_mask.iter().flat_map(|mask| &mask.paths).map(|path| raw::snake(path)).collect();
    match named.iter().find(|path| !matches!(path.as_str(), "bindings" | "etag" | "audit_configs" | "version")) {
        Some(path) => Err(Status::field("update_mask", format!("a policy has no field `{path}`"))),
        None if named.is_empty() => Ok(USUAL.map(str::to_owned).to_vec()),
        None => Ok(named),
    }
}
