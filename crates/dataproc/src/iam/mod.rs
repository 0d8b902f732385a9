//! `google.iam.v1.IAMPolicy`, the mixin on Dataproc's host: one file a method.
//!
//! Policies are kept and answered, so that what manages them (Terraform, gcloud) finds them again. They decide nothing:
//! who owns the state folder may do everything, nobody else anything.

mod get;
mod resource;
mod set;
mod test;
mod validate;

use crate::face::Dataproc;
use crate::wire::Methods;

pub(crate) use resource::forget;

const SERVICE: &str = "google.iam.v1.IAMPolicy";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add(SERVICE, "GetIamPolicy", |face, asked| async move { get::get(&face, asked).await })
        .add(SERVICE, "SetIamPolicy", |face, asked| async move { set::set(&face, asked).await })
        .add(SERVICE, "TestIamPermissions", |face, asked| async move { test::test(&face, asked).await });
}
