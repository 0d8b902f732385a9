//! Removing what ended or happened long ago. Ledger lines stay, and the schema would refuse to let them go.

use caddis_engine::ports::{EVENTS_REMOVED, Removed, StoreError};
use sqlx::SqliteConnection;

use super::apply::Failure;
use super::decisions;
use crate::trouble;

// A job stays as long as a cluster made for it lives, since the cluster asks after it; requests go with their job.
const JOBS: &str = "DELETE FROM jobs WHERE ended_at < ?1 \
    AND NOT EXISTS (SELECT 1 FROM clusters WHERE clusters.job = jobs.id AND clusters.active = 1) RETURNING id";
// A cluster made for a job stays as long as the job does, since it belongs to the job's history.
const CLUSTERS: &str = "DELETE FROM clusters WHERE ended_at < ?1 \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = clusters.job) RETURNING id";

// Also events of other subjects count: a reader of all of them must hear of it.
const NUMBER: &str = "INSERT INTO settings (key, value) \
    SELECT ?1, CAST(last AS TEXT) FROM (SELECT MAX(seq) AS last FROM events \
        WHERE at < ?2 OR subject IN (SELECT value FROM json_each(?3))) WHERE last IS NOT NULL \
    ON CONFLICT (key) DO UPDATE SET \
        value = CAST(MAX(CAST(settings.value AS INTEGER), CAST(excluded.value AS INTEGER)) AS TEXT)";

/// Inside a transaction that the caller ends.
pub(super) async fn remove_ended(before: i64, from: &mut SqliteConnection) -> Result<Removed, Failure> {
    let jobs: Vec<String> = sqlx::query_scalar(JOBS).bind(before).fetch_all(&mut *from).await?;
    let clusters: Vec<String> = sqlx::query_scalar(CLUSTERS).bind(before).fetch_all(&mut *from).await?;
    let subjects: Vec<_> = jobs.iter().chain(&clusters).collect();
    let subjects = serde_json::to_string(&subjects).map_err(|error| refused(trouble::unwritable(&error)))?;
    let number = sqlx::query(NUMBER).bind(EVENTS_REMOVED).bind(before).bind(&subjects);
    number.execute(&mut *from).await?;
    for sql in [
        "DELETE FROM variables WHERE subject IN (SELECT value FROM json_each(?1))",
        "DELETE FROM events WHERE subject IN (SELECT value FROM json_each(?1))",
        "DELETE FROM documents WHERE about IN (SELECT value FROM json_each(?1))",
    ] {
        sqlx::query(sql).bind(&subjects).execute(&mut *from).await?;
    }
    for sql in [
        "DELETE FROM events WHERE at < ?1",
        "DELETE FROM learned WHERE at < ?1",
    ] {
        sqlx::query(sql).bind(before).execute(&mut *from).await?;
    }
    decisions::remove(&subjects, before, from).await?;
    Ok(Removed { jobs: newest_first(jobs)?, clusters: newest_first(clusters)? })
}

fn newest_first<I>(ids: Vec<String>) -> Result<Vec<I>, Failure>
where
    I: std::str::FromStr<Err = caddis_types::IdError> + Ord,
{
    let ids: Result<Vec<I>, _> = ids.iter().map(|id| id.parse()).collect();
    let mut ids = ids.map_err(|error| refused(trouble::unreadable_id(&error)))?;
    ids.sort_by(|a, b| b.cmp(a));
    Ok(ids)
}

fn refused(error: StoreError) -> Failure {
    Failure::Refused(error.into())
}
