//! One change on the writer's connection, inside a transaction that the caller ends.

use std::collections::BTreeSet;

use caddis_core::record::{ClusterRecord, DecisionRow, JobRecord, Learned, LedgerLine, NewEvent};
use caddis_engine::ports::{Change, CommitError, DocumentWrite, StoreError};
use caddis_types::JobId;
use sqlx::SqliteConnection;

use super::decisions;
use super::document;
use super::fault::is_taken;
use super::record::{Sheet, Stored};
use super::script::Script;
use crate::body::{LEDGER, VARIABLES};
use crate::row::in_order;
use crate::trouble;

/// Why a change did not go in.
#[derive(Debug)]
pub(super) enum Failure {
    /// The change does not fit; the connection is sound and what it began must be taken back.
    Refused(CommitError),
    /// SQLite failed; nothing is known of the connection any more.
    Broken(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Failure::Broken(error)
    }
}

/// A change made ready to be written: all JSON is made by who asks, outside the one writer's time.
#[derive(Debug)]
pub(super) struct Prepared {
    jobs: Vec<Sheet>,
    clusters: Vec<Sheet>,
    /// Subject and body; no body means there are none.
    variables: Vec<(String, Option<String>)>,
    ledger: Vec<(LedgerLine, String)>,
    events: Vec<NewEvent>,
    decisions: Vec<(DecisionRow, String)>,
    learned: Vec<(Learned, String)>,
    request: Option<(String, String, JobId)>,
    documents: Vec<DocumentWrite>,
}

impl Prepared {
    pub(super) fn new(change: Change) -> Result<Prepared, StoreError> {
        trouble::each_document_once(&change.documents)?;
        let variables = change.variables.into_iter().map(|(subject, variables)| {
            let body = if variables.is_empty() { None } else { Some(VARIABLES.write(&variables)?) };
            Ok((subject, body))
        });
        let ledger = change.ledger.into_iter().map(|line| LEDGER.write(&line).map(|body| (line, body)));
        let learned = change.learned.into_iter().map(|learned| {
            let body = serde_json::to_string(&learned.fact).map_err(|error| trouble::unwritable(&error))?;
            Ok((learned, body))
        });
        let decisions = change.decisions.into_iter().map(|row| {
            let body = row.body().to_string();
            (row, body)
        });
        Ok(Prepared {
            jobs: in_order(change.jobs).into_iter().map(Sheet::new).collect::<Result<_, _>>()?,
            clusters: in_order(change.clusters).into_iter().map(Sheet::new).collect::<Result<_, _>>()?,
            variables: variables.collect::<Result<_, StoreError>>()?,
            ledger: ledger.collect::<Result<_, _>>()?,
            events: change.events,
            decisions: decisions.collect(),
            learned: learned.collect::<Result<_, StoreError>>()?,
            request: change.request,
            documents: change.documents,
        })
    }

    /// Whether something can still be refused after something was written, so that a savepoint is needed. Most
    /// changes are one record with what belongs to it: refused first or not at all.
    pub(super) fn may_end_half_way(&self) -> bool {
        self.jobs.len() + self.clusters.len() + self.documents.len() > 1 || self.request_alone()
    }

    /// Whether the change names a job for its request that is not in it.
    fn request_alone(&self) -> bool {
        self.request.as_ref().is_some_and(|(_, _, job)| self.jobs.iter().all(|sheet| sheet.id != job.as_str()))
    }

    pub(super) async fn apply(&self, to: &mut SqliteConnection) -> Result<(), Failure> {
        // First of all, since a repeated submission also repeats its name.
        self.check_request(to).await?;
        for sheet in &self.jobs {
            put::<JobRecord>(sheet, to).await?;
        }
        for sheet in &self.clusters {
            put::<ClusterRecord>(sheet, to).await?;
        }
        if let Some((_, _, job)) = &self.request
            && self.request_alone()
            && sqlx::query(JobRecord::EXISTS).bind(job.as_str()).fetch_optional(&mut *to).await?.is_none()
        {
            return Err(Failure::Refused(trouble::request_without_job(job).into()));
        }
        for write in &self.documents {
            if !document::write(write, to).await? {
                return Err(Failure::Refused(trouble::document_changed(write)));
            }
        }
        self.rest()?.run(to).await?;
        let clusters: BTreeSet<&str> = self.decisions.iter().map(|(row, _)| row.cluster.as_str()).collect();
        for cluster in clusters {
            decisions::pack(cluster, to).await?;
        }
        Ok(())
    }

    async fn check_request(&self, to: &mut SqliteConnection) -> Result<(), Failure> {
        let Some((owner, key, _)) = &self.request else { return Ok(()) };
        let query = sqlx::query_scalar("SELECT job FROM requests WHERE owner = ?1 AND key = ?2").bind(owner).bind(key);
        let first: Option<String> = query.fetch_optional(to).await?;
        match first {
            None => Ok(()),
            Some(job) => Err(Failure::Refused(match job.parse() {
                Ok(job) => CommitError::Repeated(job),
                Err(error) => trouble::unreadable_id(&error).into(),
            })),
        }
    }

    /// What cannot be refused.
    fn rest(&self) -> Result<Script, sqlx::Error> {
        let mut script = Script::default();
        if let Some((owner, key, job)) = &self.request {
            script.add("INSERT INTO requests (owner, key, job) VALUES (?, ?, ?)", (owner, key, job.as_str()))?;
        }
        for (subject, body) in &self.variables {
            match body {
                None => script.add("DELETE FROM variables WHERE subject = ?", (subject,))?,
                Some(body) => {
                    let sql = "INSERT OR REPLACE INTO variables (subject, body_version, body) VALUES (?, ?, ?)";
                    script.add(sql, (subject, VARIABLES.version(), body))?;
                }
            }
        }
        for (line, body) in &self.ledger {
            script.line(line, body)?;
        }
        for event in &self.events {
            let sql = "INSERT INTO events (at, subject, kind, message) VALUES (?, ?, ?, ?)";
            script.add(sql, (event.at.0, &event.subject, &event.kind, &event.message))?;
        }
        for (row, body) in &self.decisions {
            script.add("INSERT INTO decisions (cluster, at, body) VALUES (?, ?, ?)", (row.cluster.as_str(), row.at.0, body))?;
        }
        for (learned, body) in &self.learned {
            let sql = "INSERT OR REPLACE INTO learned (key, at, body) VALUES (?, ?, ?)";
            script.add(sql, (&learned.key, learned.at.0, body))?;
        }
        Ok(script)
    }
}

/// Inserts a new row, or updates the generation that was read.
async fn put<R: Stored>(sheet: &Sheet, to: &mut SqliteConnection) -> Result<(), Failure> {
    let new = sheet.read == 0;
    let query = sqlx::query(if new { R::INSERT } else { R::UPDATE })
        .bind(sheet.read + 1)
        .bind(&sheet.owner)
        .bind(&sheet.name)
        .bind(sheet.ended.is_none())
        .bind(&sheet.link)
        .bind(sheet.began)
        .bind(sheet.ended)
        .bind(sheet.body_version)
        .bind(&sheet.body)
        .bind(&sheet.id);
    let query = if new { query } else { query.bind(sheet.read) };
    match query.execute(&mut *to).await {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(conflict(sheet)),
        Err(error) if is_taken(&error) => Err(taken::<R>(sheet, new, to).await?),
        Err(error) => Err(error.into()),
    }
}

/// Which of the row's keys was there already: its id, or the name it would hold.
async fn taken<R: Stored>(sheet: &Sheet, new: bool, to: &mut SqliteConnection) -> Result<Failure, sqlx::Error> {
    if new && sqlx::query(R::EXISTS).bind(&sheet.id).fetch_optional(&mut *to).await?.is_some() {
        return Ok(conflict(sheet));
    }
    let query = sqlx::query_scalar(R::HOLDER).bind(&sheet.owner).bind(&sheet.name);
    let holder: Option<String> = query.fetch_optional(to).await?;
    Ok(match (sheet.name.clone(), holder) {
        (Some(name), Some(by)) => Failure::Refused(CommitError::NameTaken { name, by }),
        _ => conflict(sheet),
    })
}

fn conflict(sheet: &Sheet) -> Failure {
    Failure::Refused(CommitError::Conflict { subject: sheet.id.clone() })
}
