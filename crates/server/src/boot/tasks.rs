//! What happens beside requests: the loop, and what the clock asks for.

use std::time::Duration;

use caddis_engine::ports::StoreError;
use caddis_engine::tasks as engine_tasks;
use tokio::task::{JoinHandle, JoinSet};

use super::{retention, storage, thrift};
use crate::face::Face;

const SWEEP: Duration = Duration::from_secs(30);
const LEASES: Duration = Duration::from_secs(10);
/// How long a list of Google's clients has to skip what is left of a cluster that is gone.
const GONE: Duration = Duration::from_secs(60);
const RETENTION: Duration = Duration::from_secs(3600);
const STORAGE: Duration = Duration::from_secs(3600);

/// All of them.
pub(super) struct Tasks {
    engine: JoinHandle<()>,
    others: JoinSet<()>,
}

impl Tasks {
    /// Waits until none of them does anything any more. The loop ends with the server's shutdown, which must have begun;
    /// the others may be cut at any point, as by `kill -9`.
    pub(super) async fn end(mut self) {
        self.others.shutdown().await;
        if let Err(error) = self.engine.await {
            tracing::error!(error = %error, "the loop did not end well");
        }
    }
}

/// Starts all of them.
pub(super) fn start(face: &Face) -> Tasks {
    let mut tasks = JoinSet::new();
    let (engine, shutdown) = (face.assembly.engine.clone(), face.shutdown.clone());
    let engine = tokio::spawn(async move { engine.run(shutdown.wait()).await });
    let ports = face.assembly.engine.ports.clone();
    tasks.spawn(every("sweep", SWEEP, move || {
        let ports = ports.clone();
        async move { engine_tasks::sweep(&ports).await.map(drop) }
    }));
    let ports = face.assembly.engine.ports.clone();
    tasks.spawn(every("leases", LEASES, move || {
        let ports = ports.clone();
        async move { engine_tasks::renew_leases(&ports).await }
    }));
    let ports = face.assembly.engine.ports.clone();
    tasks.spawn(every("gone", GONE, move || {
        let ports = ports.clone();
        async move { caddis_dataproc::retention::forget_gone(&ports).await.map(drop) }
    }));
    let assembly = face.assembly.clone();
    tasks.spawn(every("retention", RETENTION, move || {
        let assembly = assembly.clone();
        async move { retention::remove(&assembly, assembly.retention).await.map(drop) }
    }));
    let storage_face = face.clone();
    tasks.spawn(every("storage", STORAGE, move || {
        let face = storage_face.clone();
        async move { storage::expire(&face).await }
    }));
    tasks.spawn(thrift::watch(face.clone()));
    Tasks { engine, others: tasks }
}

async fn every<F: Future<Output = Result<(), StoreError>>>(name: &'static str, span: Duration, task: impl Fn() -> F) {
    loop {
        if let Err(error) = task().await {
            tracing::error!(task = name, error.code, error.message, "a task failed and is tried again");
        }
        tokio::time::sleep(span).await;
    }
}
