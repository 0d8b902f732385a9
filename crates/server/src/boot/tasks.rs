//! What happens beside requests: the loop, and what the clock asks for.

use std::time::Duration;

use caddis_engine::ports::StoreError;
use caddis_engine::tasks as engine_tasks;
use tokio::task::JoinSet;

use super::retention;
use crate::face::Face;

const SWEEP: Duration = Duration::from_secs(30);
const LEASES: Duration = Duration::from_secs(10);
const RETENTION: Duration = Duration::from_secs(3600);

/// Starts all of them. They end with the answer: every one may be cut at any point, as by `kill -9`.
pub(super) fn start(face: &Face) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let engine = face.assembly.engine.clone();
    tasks.spawn(async move { engine.run().await });
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
    let assembly = face.assembly.clone();
    tasks.spawn(every("retention", RETENTION, move || {
        let assembly = assembly.clone();
        async move { retention::remove(&assembly, assembly.retention).await.map(drop) }
    }));
    tasks
}

async fn every<F: Future<Output = Result<(), StoreError>>>(name: &'static str, span: Duration, task: impl Fn() -> F) {
    loop {
        if let Err(error) = task().await {
            tracing::error!(task = name, error.code, error.message, "a task failed and is tried again");
        }
        tokio::time::sleep(span).await;
    }
}
