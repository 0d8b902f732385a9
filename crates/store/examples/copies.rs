//! A long history for benchmarks: copies of one cluster and one job of Google's API in a state file.
//!
//! `copies STATE_FILE FOLDER CLUSTER CLUSTERS JOB JOBS`: what the cluster and the job of these names (ending in `-00000`)
//! hold in the folder of keys is written again under the numbers after it, until there are so many. Copies have ids,
//! names and UUIDs of their own; operations of the cluster are copied with it. No server may have the file open.

use std::error::Error;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::{Change, Document, DocumentWrite, Store};
use caddis_store::SqliteStore;
use serde_json::Value;

type Failed = Box<dyn Error>;

/// Copies in one transaction.
const TOGETHER: u32 = 250;
/// What their ids begin with, so that no real one is met.
const IDS: u64 = 1_000_000;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder, cluster, clusters, job, jobs] = arguments.as_slice() else {
        return Err("copies STATE_FILE FOLDER CLUSTER CLUSTERS JOB JOBS".into());
    };
    let store = SqliteStore::open(Path::new(file)).await?;
    copy_clusters(&store, folder, cluster, clusters.parse()?).await?;
    copy_jobs(&store, folder, job, jobs.parse()?).await?;
    store.close().await;
    Ok(())
}

async fn copy_clusters(store: &SqliteStore, folder: &str, name: &str, count: u32) -> Result<(), Failed> {
    let first = document(store, "dataproc.cluster", folder, name).await?;
    let id = text(&first, "cluster")?;
    let record = store.cluster(&id.parse()?).await?.ok_or("the cluster has no record")?;
    let operations = store.documents("dataproc.operation", folder, "", 0).await?;
    let operations: Vec<_> = operations.into_iter().filter(|found| found.about.as_deref() == Some(&id)).collect();
    let all: Vec<u32> = (1..count).collect();
    for numbers in all.chunks(TOGETHER as usize) {
        let mut change = Change::default();
        for number in numbers {
            let new = format!("cl_{:016}", IDS + u64::from(*number));
            let copy = Copy { number: *number, id: (&id, &new), name: (name, &renamed(name, *number)?) };
            let name = record.name.as_ref().map(|_| copy.name.1.to_owned());
            change.clusters.push(ClusterRecord { id: new.parse()?, generation: 0, name, ..record.clone() });
            change.documents.push(copy.of(&first, &format!("{folder}{}", copy.name.1))?);
            for operation in &operations {
                change.documents.push(copy.of(operation, &format!("{}-{number:05}", operation.key))?);
            }
        }
        store.commit(change).await?;
    }
    Ok(())
}

async fn copy_jobs(store: &SqliteStore, folder: &str, name: &str, count: u32) -> Result<(), Failed> {
    let first = document(store, "dataproc.job", folder, name).await?;
    let id = text(&first, "job")?;
    let record = store.job(&id.parse()?).await?.ok_or("the job has no record")?;
    let all: Vec<u32> = (1..count).collect();
    for numbers in all.chunks(TOGETHER as usize) {
        let mut change = Change::default();
        for number in numbers {
            let new = format!("job_{:016}", IDS + u64::from(*number));
            let copy = Copy { number: *number, id: (&id, &new), name: (name, &renamed(name, *number)?) };
            change.jobs.push(JobRecord { id: new.parse()?, generation: 0, ..record.clone() });
            change.documents.push(copy.of(&first, &format!("{folder}{}", copy.name.1))?);
        }
        store.commit(change).await?;
    }
    Ok(())
}

async fn document(store: &SqliteStore, kind: &str, folder: &str, name: &str) -> Result<Document, Failed> {
    let found = store.document(kind, &format!("{folder}{name}")).await?;
    found.ok_or_else(|| format!("there is no {kind} `{folder}{name}`").into())
}

fn text(document: &Document, field: &str) -> Result<String, Failed> {
    let body: Value = serde_json::from_str(&document.body)?;
    Ok(body[field].as_str().ok_or("a document without its id")?.to_owned())
}

fn renamed(name: &str, number: u32) -> Result<String, Failed> {
    let stem = name.strip_suffix("00000").ok_or("a name that ends in 00000")?;
    Ok(format!("{stem}{number:05}"))
}

/// What differs in a copy.
struct Copy<'a> {
    number: u32,
    id: (&'a str, &'a str),
    name: (&'a str, &'a str),
}

impl Copy<'_> {
    /// A document's copy. Names have one length, so they are replaced in encoded messages as well.
    fn of(&self, document: &Document, key: &str) -> Result<DocumentWrite, Failed> {
        let mut body: Value = serde_json::from_str(&document.body)?;
        self.change(&mut body)?;
        let about = document.about.as_ref().map(|about| about.replace(self.id.0, self.id.1));
        let kind = document.kind.clone();
        Ok(DocumentWrite { kind, key: key.to_owned(), generation: 0, about, body: Some(body.to_string()) })
    }

    fn change(&self, value: &mut Value) -> Result<(), Failed> {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    match value.as_str() {
                        Some(text) if field == "asked" => {
                            let bytes = replace(STANDARD.decode(text)?, self.name.0.as_bytes(), self.name.1.as_bytes());
                            *value = STANDARD.encode(bytes).into();
                        }
                        Some(_) if field == "uuid" => *value = format!("{:08x}-0000-8000-8000-000000000000", self.number).into(),
                        Some(text) => *value = text.replace(self.id.0, self.id.1).replace(self.name.0, self.name.1).into(),
                        None => self.change(value)?,
                    }
                }
            }
            Value::Array(values) => values.iter_mut().try_for_each(|value| self.change(value))?,
            _ => {}
        }
        Ok(())
    }
}

/// All of `old` by as many bytes of `new`.
fn replace(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(old.len()).position(|window| window == old) {
        bytes[at + found..at + found + old.len()].copy_from_slice(new);
        at += found + old.len();
    }
    bytes
}
