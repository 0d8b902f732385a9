//! `google.cloud.dataproc.v1.ClusterController`: one file a method.

mod buckets;
mod create;
mod defaults;
mod delete;
mod diagnose;
mod find;
mod get;
mod images;
mod init_actions;
mod lifecycle;
mod list;
mod packages;
mod quota;
mod start_stop;
pub(crate) mod render;
pub(crate) mod status;
mod update;
mod validate;
mod warnings;

use crate::face::Dataproc;
use crate::wire::Methods;

pub(crate) use buckets::staging;
pub(crate) use create::{create, workers};
pub(crate) use delete::delete;
pub(crate) use find::{Living, living, record};
pub(crate) use init_actions::{output as init_output, said};
pub(crate) use validate::{label_map, new as check};

const SERVICE: &str = "google.cloud.dataproc.v1.ClusterController";

/// Adds its methods.
pub(crate) fn serve(methods: &mut Methods<Dataproc>) {
    methods
        .add(SERVICE, "CreateCluster", |face, asked| async move { create::create(&face, asked).await })
        .add_raw(SERVICE, "GetCluster", |face, asked| async move { get::get(&face, asked).await })
        .add_raw(SERVICE, "ListClusters", |face, asked| async move { list::list(&face, asked).await })
        .add(SERVICE, "UpdateCluster", |face, asked| async move { update::update(&face, asked).await })
        .add(SERVICE, "DeleteCluster", |face, asked| async move { delete::delete(&face, asked).await })
        .add(SERVICE, "StopCluster", |face, asked| async move { start_stop::stop(&face, asked).await })
        .add(SERVICE, "StartCluster", |face, asked| async move { start_stop::start(&face, asked).await })
        .add(SERVICE, "DiagnoseCluster", |face, asked| async move { diagnose::diagnose(&face, asked).await });
}
