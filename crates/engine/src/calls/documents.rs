//! What compatible faces keep beside the records. The loop never reads it.

use super::CallError;
use crate::Engine;
use crate::ports::{Change, Document, DocumentWrite};

impl Engine {
    /// One document.
    pub async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, CallError> {
        Ok(self.ports.store.document(kind, key).await?)
    }

    /// Documents whose keys begin with `prefix`, after the key `after`, in the order of keys; `limit` 0 means all.
    pub async fn documents(&self, kind: &str, prefix: &str, after: &str, limit: u32) -> Result<Vec<Document>, CallError> {
        Ok(self.ports.store.documents(kind, prefix, after, limit).await?)
    }

    /// Documents of one folder, the one that was made last first, of those before the number `before`.
    pub async fn newest_documents(
        &self,
        kind: &str,
        folder: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Document>, CallError> {
        Ok(self.ports.store.newest_documents(kind, folder, before, limit).await?)
    }

    /// Writes documents that change without a record, whole or not at all.
    pub async fn write_documents(&self, documents: Vec<DocumentWrite>) -> Result<(), CallError> {
        if documents.is_empty() {
            return Ok(());
        }
        Ok(self.ports.store.commit(Change { documents, ..Change::default() }).await?)
    }
}
