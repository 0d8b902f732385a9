//! Driver output: what a job writes, as the series of objects that gcloud and Google's console read while it runs:
//! `{driver_output_resource_uri}.000000000`, `.000000001`, ...
//!
//! What always holds: an object says in its own metadata how far into which attempt's streams the series reaches with
//! it, so whoever comes next goes on exactly there: nothing is left out or written twice, at whatever instant a server
//! was killed. An object only grows, and only until there is a next one; an empty one ends the series.

mod chunk;
mod series;

use std::sync::Arc;
use std::time::Duration;

use caddis_core::record::{AttemptPhase, JobRecord};
use caddis_engine::calls::CallError;
use caddis_gcs::{Store, StoreError};
use caddis_types::Timestamp;

use self::series::Series;
use crate::documents::{self, OutputDocument, Read};
use crate::face::{Dataproc, Outputs};
use crate::wire::Status;

/// Between two looks at the jobs that write.
const PAUSE: Duration = Duration::from_millis(500);
/// Objects that one job is given in one look, so that a chatty one does not hold up the others.
const TURNS: usize = 16;

/// Whether there is more to do for a job, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// At once.
    More,
    /// When it wrote more.
    Later,
    /// Never: the series is closed.
    Closed,
}

/// Writes the output of all jobs that are not told to their end.
pub(crate) async fn run(face: &Arc<Dataproc>) {
    loop {
        let told = face.submitted.notified();
        match look(face).await {
            Ok(Some(Next::More)) => {}
            Ok(Some(_)) => tokio::time::sleep(PAUSE).await,
            Ok(None) => told.await,
            Err(status) => {
                tracing::error!(error = status.message, "the output of jobs cannot be told just now");
                tokio::time::sleep(PAUSE * 10).await;
            }
        }
    }
}

/// One look at all of them; nothing when there is none.
async fn look(face: &Arc<Dataproc>) -> Result<Option<Next>, Status> {
    let mut next = None;
    for read in documents::list::<OutputDocument>(&face.engine, "", "", 0).await? {
        let record = face.engine.ports.store.job(&read.body.job).await.map_err(CallError::from)?;
        let (about, body) = (read.key.clone(), read.body.clone());
        let (seen, now, parts) = (Seen::of(record.as_ref()), face.now(), face.clone());
        let told = tokio::task::spawn_blocking(move || tell(&*parts.outputs, &parts.objects, &body, &seen, now)).await;
        let now = match told {
            Ok(Ok(now)) => now,
            Ok(Err(StoreError::NoBucket(bucket))) => {
                tracing::info!(job = about, bucket, "the bucket for a job's output is gone, so it is not told there");
                Next::Closed
            }
            Ok(Err(error)) => {
                tracing::error!(job = about, error = %error, "a job's output cannot be told just now");
                Next::Later
            }
            Err(_) => Next::Later,
        };
        if now == Next::Closed {
            close(face, &read).await?;
        }
        let more = now == Next::More || next == Some(Next::More);
        next = Some(if more { Next::More } else { Next::Later });
    }
    Ok(next)
}

async fn close(face: &Dataproc, read: &Read<OutputDocument>) -> Result<(), Status> {
    Ok(face.engine.write_documents(vec![documents::remove(read)]).await?)
}

/// What of a job matters here: whether each of its attempts is over, and whether the job is.
struct Seen {
    attempts: Vec<bool>,
    over: bool,
}

impl Seen {
    /// A record that retention took leaves a job that is over.
    fn of(record: Option<&JobRecord>) -> Seen {
        let attempts = record.map(|record| record.attempts.as_slice()).unwrap_or_default();
        let ended = attempts.iter().map(|attempt| matches!(attempt.phase, AttemptPhase::Ended { .. }));
        Seen { attempts: ended.collect(), over: record.is_none_or(JobRecord::is_ended) }
    }
}

/// Tells what one job wrote since. Blocks.
fn tell(
    outputs: &dyn Outputs,
    store: &Store,
    output: &OutputDocument,
    seen: &Seen,
    now: Timestamp,
) -> Result<Next, StoreError> {
    let mut series = Series::open(store, output)?;
    for _ in 0..TURNS {
        if series.closed {
            return Ok(Next::Closed);
        }
        let at = series.position;
        match seen.attempts.get(at.attempt as usize - 1) {
            Some(ended) => match chunk::read(outputs, &output.job, at, *ended)? {
                Some(chunk) => series.write(&chunk.content, chunk.position, now)?,
                None if *ended => series.position = at.next_attempt(),
                None => return Ok(Next::Later),
            },
            None if seen.over => series.close(now)?,
            None => return Ok(Next::Later),
        }
    }
    Ok(Next::More)
}

#[cfg(test)]
mod tests;
