//! `google.cloud.dataproc.v1.AutoscalingPolicyService`: one file a method.
//!
//! A policy's ranges become the range of the clusters that name it ([`scaling`]); within it Dask's own wish decides. What
//! always holds: a policy that a cluster names is there, and a cluster's range is that of its policy as it is now.

mod create;
mod delete;
mod find;
mod get;
mod list;
mod scaling;
mod update;
mod users;
mod validate;

use crate::face::Dataproc;
use crate::wire::Methods;

pub(crate) use find::{exists, named};
#[cfg(test)]
pub(crate) use scaling::Group;
pub(crate) use scaling::Scaling;

const SERVICE: &str = "google.cloud.dataproc.v1.AutoscalingPolicyService";
/// In the names of policies.
const COLLECTION: &str = "autoscalingPolicies";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add_raw(SERVICE, "CreateAutoscalingPolicy", |face, asked| async move { create::create(&face, asked).await })
        .add_raw(SERVICE, "UpdateAutoscalingPolicy", |face, asked| async move { update::update(&face, asked).await })
        .add_raw(SERVICE, "GetAutoscalingPolicy", |face, asked| async move { get::get(&face, asked).await })
        .add(SERVICE, "ListAutoscalingPolicies", |face, asked| async move { list::list(&face, asked).await })
        .add(SERVICE, "DeleteAutoscalingPolicy", |face, asked| async move { delete::delete(&face, asked).await });
}
