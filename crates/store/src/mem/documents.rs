//! Documents of compatible faces, in the order of their keys.

use std::collections::{BTreeMap, BTreeSet};

use caddis_engine::ports::{Document, DocumentWrite};

#[derive(Debug, Default)]
pub(super) struct Documents {
    rows: BTreeMap<(String, String), Document>,
    last_number: u64,
}

impl Documents {
    pub(super) fn one(&self, kind: &str, key: &str) -> Option<Document> {
        self.rows.get(&(kind.to_owned(), key.to_owned())).cloned()
    }

    /// Those whose keys begin with `prefix`, after the key `after`.
    pub(super) fn list(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Vec<Document> {
        let found = self.beginning_with(kind, prefix.max(after)).take_while(|document| document.key.starts_with(prefix));
        found.filter(|document| document.key.as_str() > after).take(at_most(limit)).cloned().collect()
    }

    /// Those of a folder, the one that was made last first.
    pub(super) fn newest(&self, kind: &str, folder: &str, before: Option<u64>, limit: u32) -> Vec<Document> {
        let found = self.beginning_with(kind, folder).take_while(|document| document.key.starts_with(folder));
        let mut found: Vec<_> = found
            .filter(|document| document.folder() == folder && before.is_none_or(|before| document.number < before))
            .collect();
        found.sort_by_key(|document| std::cmp::Reverse(document.number));
        found.into_iter().take(at_most(limit)).cloned().collect()
    }

    fn beginning_with(&self, kind: &str, from: &str) -> impl Iterator<Item = &Document> {
        let rows = self.rows.range((kind.to_owned(), from.to_owned())..);
        rows.map(|(_, document)| document).take_while(move |document| document.kind == kind)
    }

    /// Whether a write says the generation that is stored.
    pub(super) fn fits(&self, write: &DocumentWrite) -> bool {
        let stored = self.rows.get(&(write.kind.clone(), write.key.clone()));
        let generation = stored.map_or(0, |document| document.generation);
        // What is not there cannot be removed.
        generation == write.generation && (generation > 0 || write.body.is_some())
    }

    /// Writes what fits.
    pub(super) fn write(&mut self, write: DocumentWrite) {
        let DocumentWrite { kind, key, generation, about, body } = write;
        let at = (kind.clone(), key.clone());
        let Some(body) = body else {
            self.rows.remove(&at);
            return;
        };
        let number = self.rows.get(&at).map(|document| document.number);
        let number = number.unwrap_or_else(|| {
            self.last_number += 1;
            self.last_number
        });
        self.rows.insert(at, Document { kind, key, number, generation: generation + 1, about, body });
    }

    /// Removes what goes with these.
    pub(super) fn remove_about(&mut self, gone: &BTreeSet<&str>) {
        self.rows.retain(|_, document| !document.about.as_deref().is_some_and(|about| gone.contains(about)));
    }
}

fn at_most(limit: u32) -> usize {
    if limit == 0 { usize::MAX } else { limit as usize }
}
