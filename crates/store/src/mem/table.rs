//! Rows of one kind, with the index of taken names and that of what has not ended.

use std::collections::{BTreeMap, BTreeSet};

use caddis_engine::ports::CommitError;
use caddis_types::Timestamp;

use crate::row::Row;

/// What undoes one `put`: the row as it was before.
pub(super) type Before<R> = (<R as Row>::Id, Option<R>);

/// Rows by id; what holds a name, and what is active, are kept beside them.
#[derive(Debug)]
pub(super) struct Table<R: Row> {
    rows: BTreeMap<R::Id, R>,
    names: BTreeMap<(String, String), R::Id>,
    active: BTreeSet<R::Id>,
}

impl<R: Row> Default for Table<R> {
    fn default() -> Self {
        Table { rows: BTreeMap::new(), names: BTreeMap::new(), active: BTreeSet::new() }
    }
}

impl<R: Row + Clone> Table<R> {
    pub(super) fn get(&self, id: &R::Id) -> Option<&R> {
        self.rows.get(id)
    }

    /// Those that are there, newest first.
    pub(super) fn of(&self, ids: &[R::Id]) -> Vec<R> {
        let ids: BTreeSet<_> = ids.iter().collect();
        ids.into_iter().rev().filter_map(|id| self.rows.get(id)).cloned().collect()
    }

    /// Writes a row when its generation is the stored one and its name is free.
    pub(super) fn put(&mut self, mut record: R) -> Result<Before<R>, CommitError> {
        let id = record.id().clone();
        // A stored row has at least generation 1, so 0 can only be a row that is not there.
        let stored = self.rows.get(&id).map_or(0, Row::generation);
        if stored != record.generation() {
            return Err(CommitError::Conflict { subject: id.to_string() });
        }
        if let Some(key) = taken(&record)
            && let Some(by) = self.names.get(&key).filter(|by| **by != id)
        {
            return Err(CommitError::NameTaken { name: key.1, by: by.to_string() });
        }
        record.set_generation(stored + 1);
        let before = self.replace(&id, Some(record));
        Ok((id, before))
    }

    pub(super) fn undo(&mut self, (id, before): Before<R>) {
        self.replace(&id, before);
    }

    /// Newest first.
    pub(super) fn list(&self, active: bool, limit: u32, matches: impl Fn(&R) -> bool) -> Vec<R> {
        let limit = if limit == 0 { usize::MAX } else { limit as usize };
        if active {
            let rows = self.active.iter().rev().filter_map(|id| self.rows.get(id));
            rows.filter(|row| matches(row)).take(limit).cloned().collect()
        } else {
            self.rows.values().rev().filter(|row| matches(row)).take(limit).cloned().collect()
        }
    }

    /// Removes what ended before `before` and `may_go`; answers who, newest first.
    pub(super) fn remove_ended(&mut self, before: Timestamp, may_go: impl Fn(&R) -> bool) -> Vec<R::Id> {
        let old = |row: &&R| row.ended_at().is_some_and(|at| at < before) && may_go(row);
        let gone: Vec<_> = self.rows.values().rev().filter(old).map(|row| row.id().clone()).collect();
        for id in &gone {
            self.replace(id, None);
        }
        gone
    }

    fn replace(&mut self, id: &R::Id, with: Option<R>) -> Option<R> {
        let before = self.rows.remove(id);
        self.active.remove(id);
        if let Some(key) = before.as_ref().and_then(taken) {
            self.names.remove(&key);
        }
        if let Some(row) = with {
            if row.ended_at().is_none() {
                self.active.insert(id.clone());
            }
            if let Some(key) = taken(&row) {
                self.names.insert(key, id.clone());
            }
            self.rows.insert(id.clone(), row);
        }
        before
    }
}

fn taken<R: Row>(row: &R) -> Option<(String, String)> {
    row.taken_name().map(|name| (row.owner().to_owned(), name.to_owned()))
}
