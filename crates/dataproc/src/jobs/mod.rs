//! `google.cloud.dataproc.v1.JobController`: one file a method.
//!
//! A PySpark job is how a Python job arrives: its main file runs as a script of ours on the named cluster's Dask.

mod cancel;
mod deadline;
mod delete;
mod files;
mod get;
mod list;
mod name;
mod needs;
mod render;
mod retries;
mod spark;
mod status;
mod submit;
mod update;

use crate::face::Dataproc;
use crate::wire::Methods;

pub(crate) use cancel::cancel;
pub(crate) use files::{fetch, remove as remove_folder};
pub(crate) use get::{by_key, saying};
pub(crate) use render::encoded;
pub(crate) use submit::submit;

const SERVICE: &str = "google.cloud.dataproc.v1.JobController";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add_raw(SERVICE, "SubmitJob", |face, asked| async move { submit::submit(&face, asked).await })
        .add(SERVICE, "SubmitJobAsOperation", |face, asked| async move { submit::as_operation(&face, asked).await })
        .add_raw(SERVICE, "GetJob", |face, asked| async move { get::get(&face, asked).await })
        .add_raw(SERVICE, "ListJobs", |face, asked| async move { list::list(&face, asked).await })
        .add_raw(SERVICE, "UpdateJob", |face, asked| async move { update::update(&face, asked).await })
        .add_raw(SERVICE, "CancelJob", |face, asked| async move { cancel::cancel(&face, asked).await })
        .add(SERVICE, "DeleteJob", |face, asked| async move { delete::delete(&face, asked).await });
}
