//! `GetAutoscalingPolicy`.

use bytes::Bytes;
use caddis_googleapis::dataproc::GetAutoscalingPolicyRequest;

use super::find;
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetAutoscalingPolicyRequest>) -> Result<Bytes, Status> {
    let name = &asked.message.name;
    let read = find::find(face, "name", name).await?;
    Ok(find::answer(&read.key, &read.body, find::parent(name)))
}
