//! What happens beside requests. One file a task.

pub(crate) mod driver_output;
pub(crate) mod folders;
pub(crate) mod init_output;

use std::sync::Arc;

use crate::face::Dataproc;

/// All of them, until they are cut, which may be at any point, as by `kill -9`.
pub(crate) async fn run(face: Arc<Dataproc>) {
    tokio::join!(driver_output::run(&face), init_output::run(&face), folders::run(&face));
}
