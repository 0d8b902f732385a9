//! `TestIamPermissions`: the owner has every permission that there is on what is there, and none on what is not.

use caddis_googleapis::iam::{TestIamPermissionsRequest, TestIamPermissionsResponse};

use super::{resource, validate};
use crate::face::Dataproc;
use crate::wire::{Asked, Code, Status};

pub(super) async fn test(
    face: &Dataproc,
    asked: Asked<TestIamPermissionsRequest>,
) -> Result<TestIamPermissionsResponse, Status> {
    let request = asked.message;
    let (_, kind, _) = resource::parse(&request.resource)?;
    validate::permissions(kind, &request.permissions)?;
    match resource::key(face, &request.resource).await {
        Ok(_) => Ok(TestIamPermissionsResponse { permissions: request.permissions }),
        // As Google has it: not even an error tells who may not look whether something is there.
        Err(status) if status.code == Code::NotFound => Ok(TestIamPermissionsResponse::default()),
        Err(status) => Err(status),
    }
}
