//! What happens beside requests. One file a task.

pub(crate) mod driver_output;
pub(crate) mod folders;
pub(crate) mod init_output;
pub(crate) mod settle;

use std::sync::Arc;

use tokio::sync::watch;

use crate::face::Dataproc;

/// All of them, until they are cut, which may be at any point, as by `kill -9`. `changes` tells of every change of a job or
/// a cluster.
pub(crate) async fn run(face: Arc<Dataproc>, changes: watch::Receiver<()>) {
    tokio::join!(driver_output::run(&face), init_output::run(&face), folders::run(&face), settle::run(&face, changes));
}
