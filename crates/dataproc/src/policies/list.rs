//! `ListAutoscalingPolicies`.

use caddis_googleapis::dataproc::{
    AutoscalingPolicy, ListAutoscalingPoliciesRequest, ListAutoscalingPoliciesResponse,
};
use prost::Message;

use super::find;
use crate::documents::{self, PolicyDocument};
use crate::face::Dataproc;
use crate::page;
use crate::place::Place;
use crate::wire::{Asked, Code, Status};

pub(super) async fn list(
    face: &Dataproc,
    asked: Asked<ListAutoscalingPoliciesRequest>,
) -> Result<ListAutoscalingPoliciesResponse, Status> {
    let request = asked.message;
    let place = Place::parent("parent", &request.parent)?;
    let size = page::size(request.page_size)?;
    let mut page = page::Page::new(size);
    let after = page::after(&request.page_token)?;
    // One more than a page: whether there is another.
    let limit = u32::try_from(size + 1).unwrap_or(u32::MAX);
    for read in documents::list::<PolicyDocument>(&face.engine, &place.key(""), &after, limit).await? {
        let policy = AutoscalingPolicy::decode(find::answer(&read.key, &read.body, &request.parent));
        let policy = policy.map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        if !page.take(&read.key, policy) {
            break;
        }
    }
    let (policies, next_page_token) = page.done();
    Ok(ListAutoscalingPoliciesResponse { policies, next_page_token })
}
