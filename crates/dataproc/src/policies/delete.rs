//! `DeleteAutoscalingPolicy`: not while a cluster names it.

use caddis_googleapis::dataproc::DeleteAutoscalingPolicyRequest;

use super::{COLLECTION, find, users};
use crate::documents;
use crate::face::Dataproc;
use crate::iam;
use crate::wire::{Asked, Code, Status};

pub(super) async fn delete(face: &Dataproc, asked: Asked<DeleteAutoscalingPolicyRequest>) -> Result<(), Status> {
    let name = &asked.message.name;
    let found = find::find(face, "name", name).await?;
    let users = users::of(face, &found.key).await?;
    if let Some(first) = users.first() {
        let cluster = first.key.rsplit('/').next().unwrap_or_default();
        let others = match users.len() {
            1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        let text = format!("Autoscaling policy {name} is in use by cluster `{cluster}`{others}");
        return Err(Status::new(Code::FailedPrecondition, text));
    }
    let mut writes = vec![documents::remove(&found)];
    writes.extend(iam::forget(face, COLLECTION, &found.key).await?);
    Ok(face.engine.write_documents(writes).await?)
}
