//! What makes workflows go on: for each that has not ended one loop that looks, decides, writes and acts, and then waits
//! for news. Nothing is remembered but documents: a start looks for all that have not ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use caddis_engine::ports::DocumentWrite;
use caddis_types::Timestamp;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use super::kept::{ActiveDocument, WorkflowDocument};
use super::progress::Progress;
use super::{act, names, seen, step};
use crate::documents;
use crate::face::Dataproc;
use crate::wire::Status;

/// How soon what could not be read or written is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often everything is looked at without news. News are hints: one that was lost costs this much time.
const RESYNC: Duration = Duration::from_secs(30);

/// Makes workflows go on for ever. `changes` tells of every change of a job or a cluster.
pub(crate) async fn drive(face: Arc<Dataproc>, changes: watch::Receiver<()>) {
    let mut news = face.workflows.subscribe();
    let mut going: JoinSet<()> = JoinSet::new();
    let mut keys: HashMap<Id, String> = HashMap::new();
    loop {
        news.borrow_and_update();
        match documents::list::<ActiveDocument>(&face.engine, "", "", 0).await {
            Ok(active) => {
                let new = active.into_iter().map(|read| read.key).filter(|key| !keys.values().any(|going| going == key));
                for key in new.collect::<Vec<_>>() {
                    let task = going.spawn(one(face.clone(), key.clone(), changes.clone()));
                    keys.insert(task.id(), key);
                }
            }
            Err(error) => tracing::error!(error = error.message, "workflows cannot be listed just now"),
        }
        tokio::select! {
            () = changed(&mut news) => {}
            Some(ended) = going.join_next_with_id() => {
                // One that panicked has said so, and is taken up again.
                keys.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
            () = tokio::time::sleep(RESYNC) => {}
        }
    }
}

/// What follows from one look.
enum Next {
    Look,
    Wait(Option<Timestamp>),
    Over,
}

async fn one(face: Arc<Dataproc>, key: String, mut changes: watch::Receiver<()>) {
    let mut news = face.workflows.subscribe();
    loop {
        changes.borrow_and_update();
        news.borrow_and_update();
        let span = match pass(&face, &key).await {
            Ok(Next::Over) => return,
            Ok(Next::Look) => continue,
            Ok(Next::Wait(due)) => due.map_or(RESYNC, |due| due.since(face.now()).min(RESYNC)),
            Err(error) => {
                tracing::error!(workflow = key, error = error.message, "a workflow cannot go on just now and is tried again");
                AGAIN
            }
        };
        tokio::select! {
            () = changed(&mut changes) => {}
            () = changed(&mut news) => {}
            () = tokio::time::sleep(span.max(Duration::from_millis(1))) => {}
        }
    }
}

/// Looks once, and writes or does one thing.
async fn pass(face: &Dataproc, key: &str) -> Result<Next, Status> {
    let Some(read) = documents::find::<WorkflowDocument>(&face.engine, key).await? else {
        act::write(face, sign(face, key).await?).await?;
        return Ok(Next::Over);
    };
    let place = names::place_of(key);
    let seen = seen::look(face, &place, &read.body).await?;
    let plan = step::decide(&read.body.progress, &seen, face.now());
    let over = plan.progress.ended_at.is_some();
    if plan.progress != read.body.progress {
        let mut writes = vec![act::with(&read, plan.progress)];
        if over {
            writes.extend(sign(face, key).await?);
        }
        act::write(face, writes).await?;
        return Ok(Next::Look);
    }
    if over {
        tell(&plan.progress, key);
        act::write(face, sign(face, key).await?).await?;
        return Ok(Next::Over);
    }
    match plan.acts.first() {
        None => Ok(Next::Wait(plan.due)),
        Some(act) => {
            act::perform(face, &place, &read, act).await?;
            Ok(Next::Look)
        }
    }
}

/// The removal of the sign that a workflow has not ended.
async fn sign(face: &Dataproc, key: &str) -> Result<Vec<DocumentWrite>, Status> {
    let sign = documents::find::<ActiveDocument>(&face.engine, key).await?;
    Ok(sign.iter().map(documents::remove).collect())
}

fn tell(progress: &Progress, key: &str) {
    match &progress.failure {
        None => tracing::info!(workflow = key, "a workflow has ended well"),
        Some(failure) => tracing::info!(workflow = key, why = failure.sentence, "a workflow has ended without success"),
    }
}

/// News; one whose sender is gone never comes.
async fn changed(news: &mut watch::Receiver<()>) {
    if news.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
