//! Everything a memory store holds, and how a change goes in: piece by piece, taken back when a later piece does not fit.

use std::collections::{BTreeMap, BTreeSet};

use caddis_core::ledger::report;
use caddis_core::record::{ClusterRecord, DecisionRow, Fact, JobRecord, LedgerLine, NewEvent};
use caddis_engine::ports::{Change, CommitError, CostFilter, Costs, EVENTS_REMOVED, Removed};
use caddis_types::api::EventView;
use caddis_types::{ClusterId, JobId, Timestamp};

use super::documents::Documents;
use super::table::{Before, Table};
use crate::row::in_order;
use crate::trouble;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) jobs: Table<JobRecord>,
    pub(super) clusters: Table<ClusterRecord>,
    pub(super) variables: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) settings: BTreeMap<String, String>,
    ledger: Vec<LedgerLine>,
    ledger_keys: BTreeSet<String>,
    events: BTreeMap<i64, EventView>,
    decisions: Vec<DecisionRow>,
    pub(super) learned: BTreeMap<String, (Timestamp, Fact)>,
    last_event: i64,
    requests: BTreeMap<(String, String), JobId>,
    pub(super) documents: Documents,
}

#[derive(Default)]
struct Undo {
    jobs: Vec<Before<JobRecord>>,
    clusters: Vec<Before<ClusterRecord>>,
}

impl State {
    /// Whole or not at all: what can be refused comes first and is taken back, the rest cannot fail.
    pub(super) fn commit(&mut self, mut change: Change) -> Result<(), CommitError> {
        trouble::each_document_once(&change.documents)?;
        let mut undo = Undo::default();
        if let Err(error) = self.put_records(&mut change, &mut undo) {
            undo.jobs.into_iter().rev().for_each(|before| self.jobs.undo(before));
            undo.clusters.into_iter().rev().for_each(|before| self.clusters.undo(before));
            return Err(error);
        }
        if let Some((owner, key, job)) = change.request {
            self.requests.insert((owner, key), job);
        }
        self.variables.extend(change.variables);
        for line in change.ledger {
            if self.ledger_keys.insert(line.key.clone()) {
                self.ledger.push(line);
            }
        }
        change.events.into_iter().for_each(|event| self.tell(event));
        self.decisions.extend(change.decisions.iter().map(as_stored));
        self.learned.extend(change.learned.into_iter().map(|learned| (learned.key, (learned.at, learned.fact))));
        change.documents.into_iter().for_each(|write| self.documents.write(write));
        Ok(())
    }

    fn put_records(&mut self, change: &mut Change, undo: &mut Undo) -> Result<(), CommitError> {
        // First of all, since a repeated submission also repeats its name.
        if let Some((owner, key, _)) = &change.request
            && let Some(first) = self.requests.get(&(owner.clone(), key.clone()))
        {
            return Err(CommitError::Repeated(first.clone()));
        }
        for job in in_order(std::mem::take(&mut change.jobs)) {
            undo.jobs.push(self.jobs.put(job)?);
        }
        for cluster in in_order(std::mem::take(&mut change.clusters)) {
            undo.clusters.push(self.clusters.put(cluster)?);
        }
        if let Some((_, _, job)) = &change.request
            && self.jobs.get(job).is_none()
        {
            return Err(trouble::request_without_job(job).into());
        }
        match change.documents.iter().find(|write| !self.documents.fits(write)) {
            Some(write) => Err(trouble::document_changed(write)),
            None => Ok(()),
        }
    }

    fn tell(&mut self, event: NewEvent) {
        self.last_event += 1;
        let NewEvent { at, subject, kind, message } = event;
        self.events.insert(self.last_event, EventView { seq: self.last_event, at, subject, kind, message });
    }

    pub(super) fn ledger(&self, cluster: &ClusterId) -> Vec<LedgerLine> {
        self.ledger.iter().filter(|line| &line.cluster == cluster).cloned().collect()
    }

    /// The sums and the edges of a part of the ledger.
    pub(super) fn costs(&self, filter: &CostFilter) -> Costs {
        let owned = self.ledger.iter().filter(|line| filter.owner.as_ref().is_none_or(|owner| *owner == line.owner));
        let here = owned.filter(|line| report::clip(line, filter.since, filter.until).is_some());
        let whole = |line: &&LedgerLine| line.started_at >= filter.since && line.ended_at <= filter.until;
        let (whole, edges): (Vec<_>, Vec<_>) = here.partition(whole);
        let sums = report::sums(whole, filter.by, filter.tag.as_deref());
        Costs { sums, edges: edges.into_iter().cloned().collect(), living: Vec::new() }
    }

    pub(super) fn events(&self, after: i64, subject: Option<&str>, limit: u32) -> Vec<EventView> {
        let limit = if limit == 0 { usize::MAX } else { limit as usize };
        let later = self.events.range(after.saturating_add(1)..).map(|(_, event)| event);
        later.filter(|event| subject.is_none_or(|subject| event.subject == subject)).take(limit).cloned().collect()
    }

    pub(super) fn decisions(&self, cluster: &ClusterId, after: Timestamp, limit: u32) -> Vec<DecisionRow> {
        let limit = if limit == 0 { usize::MAX } else { limit as usize };
        let mut rows: Vec<_> = self.decisions.iter().filter(|row| &row.cluster == cluster && row.at > after).cloned().collect();
        rows.sort_by_key(|row| row.at);
        if let Some(last) = rows.get(limit - 1).map(|row| row.at) {
            rows.retain(|row| row.at <= last);
        }
        rows
    }

    pub(super) fn remove_ended(&mut self, before: Timestamp) -> Removed {
        let living = self.clusters.list(true, 0, |cluster| cluster.job.is_some());
        let held: BTreeSet<_> = living.iter().filter_map(|cluster| cluster.job.as_ref()).collect();
        let jobs = self.jobs.remove_ended(before, |job| !held.contains(&job.id));
        let stays = |job: &JobId| self.jobs.get(job).is_some();
        let clusters = self.clusters.remove_ended(before, |cluster| !cluster.job.as_ref().is_some_and(stays));
        let gone: BTreeSet<_> =
            jobs.iter().map(|id| id.as_str()).chain(clusters.iter().map(|id| id.as_str())).collect();
        self.variables.retain(|subject, _| !gone.contains(subject.as_str()));
        let stays = |event: &EventView| event.at >= before && !gone.contains(event.subject.as_str());
        let last = self.events.values().rev().find(|event| !stays(event)).map(|event| event.seq);
        self.events.retain(|_, event| stays(event));
        let known = self.settings.get(EVENTS_REMOVED).and_then(|known| known.parse().ok());
        if let Some(last) = last.max(known) {
            self.settings.insert(EVENTS_REMOVED.to_owned(), last.to_string());
        }
        self.requests.retain(|_, job| !gone.contains(job.as_str()));
        self.documents.remove_about(&gone);
        self.decisions.retain(|row| row.at >= before && !gone.contains(row.cluster.as_str()));
        self.learned.retain(|_, (at, _)| *at >= before);
        Removed { jobs, clusters }
    }
}

/// A row with the digits that are kept of it.
fn as_stored(row: &DecisionRow) -> DecisionRow {
    let stored = DecisionRow::read(row.cluster.clone(), row.at, &row.body().to_string());
    stored.unwrap_or_else(|_| row.clone())
}
