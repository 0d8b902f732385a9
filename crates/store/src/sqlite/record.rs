//! Records as rows: index columns beside a JSON body. The columns are written from the record and never read back.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::{CLUSTER, JOB, Shapes};
use crate::row::Row;

/// A record that has a table.
pub(super) trait Stored: Row + Serialize + DeserializeOwned {
    /// The shapes of its body.
    const SHAPES: Shapes;
    /// Its columns' values are bound in the order of [`Sheet`].
    const INSERT: &'static str;
    /// The same, then the id and the generation that was read.
    const UPDATE: &'static str;
    /// Who holds a name of an owner.
    const HOLDER: &'static str;
    /// Whether an id is there.
    const EXISTS: &'static str;
    /// One record's generation, body version and body.
    const READ: &'static str;
    /// The same of many; a JSON list of their ids comes behind it.
    const READ_THESE: &'static str;

    /// What it belongs to: the cluster of a job, the job of a cluster.
    fn link(&self) -> Option<&str>;
    /// When it came.
    fn began(&self) -> i64;
}

impl Stored for JobRecord {
    const SHAPES: Shapes = JOB;
    const INSERT: &'static str = "INSERT INTO jobs \
        (generation, owner, name, active, cluster, submitted_at, ended_at, body_version, body, id) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    const UPDATE: &'static str = "UPDATE jobs SET generation = ?1, owner = ?2, name = ?3, active = ?4, cluster = ?5, \
        submitted_at = ?6, ended_at = ?7, body_version = ?8, body = ?9 WHERE id = ?10 AND generation = ?11";
    const HOLDER: &'static str = "SELECT id FROM jobs WHERE owner = ?1 AND name = ?2 AND active = 1";
    const EXISTS: &'static str = "SELECT 1 FROM jobs WHERE id = ?1";
    const READ: &'static str = "SELECT id, generation, body_version, body FROM jobs WHERE id = ?1";
    const READ_THESE: &'static str =
        "SELECT id, generation, body_version, body FROM jobs WHERE id IN (SELECT value FROM json_each(";

    fn link(&self) -> Option<&str> {
        self.cluster_id().map(|id| id.as_str())
    }

    fn began(&self) -> i64 {
        self.submitted_at.0
    }
}

impl Stored for ClusterRecord {
    const SHAPES: Shapes = CLUSTER;
    const INSERT: &'static str = "INSERT INTO clusters \
        (generation, owner, name, active, job, created_at, ended_at, body_version, body, id) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    const UPDATE: &'static str = "UPDATE clusters SET generation = ?1, owner = ?2, name = ?3, active = ?4, job = ?5, \
        created_at = ?6, ended_at = ?7, body_version = ?8, body = ?9 WHERE id = ?10 AND generation = ?11";
    const HOLDER: &'static str = "SELECT id FROM clusters WHERE owner = ?1 AND name = ?2 AND active = 1";
    const EXISTS: &'static str = "SELECT 1 FROM clusters WHERE id = ?1";
    const READ: &'static str = "SELECT id, generation, body_version, body FROM clusters WHERE id = ?1";
    const READ_THESE: &'static str =
        "SELECT id, generation, body_version, body FROM clusters WHERE id IN (SELECT value FROM json_each(";

    fn link(&self) -> Option<&str> {
        self.job.as_ref().map(|id| id.as_str())
    }

    fn began(&self) -> i64 {
        self.created_at.0
    }
}

/// A record made ready to be written, outside the one writer's time.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) id: String,
    /// The generation that was read; the next one is in the body already.
    pub(super) read: i64,
    pub(super) owner: String,
    pub(super) name: Option<String>,
    pub(super) link: Option<String>,
    pub(super) began: i64,
    pub(super) ended: Option<i64>,
    pub(super) body_version: i64,
    pub(super) body: String,
}

impl Sheet {
    pub(super) fn new<R: Stored>(mut record: R) -> Result<Sheet, StoreError> {
        let read = record.generation();
        record.set_generation(read + 1);
        Ok(Sheet {
            id: record.id().to_string(),
            read: read as i64,
            owner: record.owner().to_owned(),
            name: record.name().map(str::to_owned),
            link: record.link().map(str::to_owned),
            began: record.began(),
            ended: record.ended_at().map(|at| at.0),
            body_version: R::SHAPES.version(),
            body: R::SHAPES.write(&record)?,
        })
    }
}

/// A row as it is read: id, generation, body version, body.
pub(super) type Found = (String, i64, i64, String);

/// The record of a row.
pub(super) fn read<R: Stored>((id, generation, version, body): Found) -> Result<R, StoreError> {
    let mut record: R = R::SHAPES.read(&id, version, &body)?;
    record.set_generation(generation as u64);
    Ok(record)
}
