//! `GetAutoscalingPolicy`.

use bytes::Bytes;
use caddis_googleapis::dataproc::GetAutoscalingPolicyRequest;

use super::find;
use crate::face::Dataproc;
use crate::wire::{Asked, Status};

pub(super) async fn get(face: &Dataproc, asked: Asked<GetAutoscalingPolicyRequest>) -> Result<Bytes, Status> {
    let name = &asked.message.name;
    Ok(find::answer(&find::find(face, "name", name).await?, find::parent(name)))
}
