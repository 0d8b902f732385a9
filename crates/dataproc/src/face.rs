//! What every method may touch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use caddis_engine::Engine;
use caddis_gcs::Store;
use caddis_types::api::Stream;
use caddis_types::{ClusterId, JobId};
use tokio::sync::{Notify, watch};

/// What the face needs beside the engine; the server puts the real ones in.
#[async_trait]
pub trait Outputs: Send + Sync {
    /// The last lines that a job's newest attempt wrote to standard error.
    async fn last_errors(&self, job: &JobId, lines: usize) -> String;

    /// The ends of the logs of a cluster's scheduler and workers, by the names of the processes.
    async fn cluster_logs(&self, cluster: &ClusterId) -> Vec<(String, Vec<u8>)>;

    /// The end of the log of one process of a cluster; nothing when it wrote none.
    async fn cluster_log(&self, cluster: &ClusterId, member: &str) -> Option<Vec<u8>>;

    /// The packages of a cluster's Python, by their normalized names; nothing while that is not ready.
    async fn packages(&self, cluster: &ClusterId) -> Option<BTreeSet<String>>;

    /// Where a browser that is logged in finds the cluster's dashboard.
    fn dashboard(&self, cluster: &ClusterId) -> Option<String>;

    /// What an attempt wrote to a stream from `offset` on, as much as fits a piece; nothing while there is no more.
    /// Blocks, but only for the disk.
    fn read(&self, job: &JobId, attempt: u32, stream: Stream, offset: u64) -> std::io::Result<Option<Piece>>;
}

/// What becomes of initialization actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitActions {
    /// They are kept and answered, and each operation warns that they are not run.
    #[default]
    Record,
    /// They are run.
    Run,
    /// A cluster that has some is refused, and this says why.
    Refuse(&'static str),
}

/// Some bytes of an output, or a notice of what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The offset in the output behind it.
    pub offset: u64,
    /// The bytes.
    pub content: Vec<u8>,
}

/// The Dataproc face.
pub struct Dataproc {
    /// The loop and the domain calls.
    pub(crate) engine: Engine,
    /// What jobs wrote.
    pub(crate) outputs: Arc<dyn Outputs>,
    /// Buckets and objects.
    pub(crate) objects: Store,
    /// Told when a job was taken.
    pub(crate) submitted: Notify,
    /// Folders of jobs that came from here.
    pub(crate) staging: PathBuf,
    /// Told when a cluster was made that is to be set up.
    pub(crate) created: Notify,
    /// What becomes of initialization actions.
    pub(crate) init_actions: InitActions,
    /// Copies of initialization actions, by the clusters' uuids.
    pub(crate) inits: PathBuf,
    /// Requirements files, by content.
    pub(crate) requirements: PathBuf,
    /// Archives of diagnoses, by the clusters' uuids.
    pub(crate) diagnoses: PathBuf,
    /// Environment variables of every cluster and job that comes from here.
    pub(crate) variables: Vec<(String, String)>,
    /// Told when a workflow begins, or is to end.
    pub(crate) workflows: watch::Sender<()>,
}

impl Dataproc {
    /// A face on this engine; jobs get their folders below `home`.
    pub fn new(
        engine: Engine,
        outputs: Arc<dyn Outputs>,
        objects: Store,
        home: &Path,
        variables: Vec<(String, String)>,
        init_actions: InitActions,
    ) -> Dataproc {
        let [staging, diagnoses, inits, requirements] = ["jobs", "diagnoses", "init", "requirements"].map(|name| home.join("dataproc").join(name));
        let (submitted, created, workflows) = (Notify::new(), Notify::new(), watch::Sender::new(()));
        Dataproc {
            engine,
            outputs,
            objects,
            submitted,
            staging,
            created,
            init_actions,
            inits,
            requirements,
            diagnoses,
            variables,
            workflows,
        }
    }

    /// The folder of the initialization actions of the cluster with this uuid.
    pub(crate) fn init_folder(&self, uuid: &str) -> PathBuf {
        self.inits.join(uuid)
    }

    /// The folder of a job with this uuid.
    pub(crate) fn folder_of(&self, job_uuid: &str) -> PathBuf {
        self.staging.join(job_uuid)
    }

    /// The key of what is kept of a job's output: one that was deleted may have left it to be told to its end.
    pub(crate) fn output_key(&self, job_key: &str, job_uuid: &str) -> String {
        format!("{job_key}/{job_uuid}")
    }

    /// Now.
    pub(crate) fn now(&self) -> caddis_types::Timestamp {
        self.engine.ports.clock.now()
    }

    /// A new random UUID (version 4).
    pub(crate) fn uuid(&self) -> String {
        let mut bytes: [u8; 16] = self.engine.ports.entropy.seed()[..16].try_into().expect("a seed has 32 bytes");
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        uuid_text(bytes)
    }

    /// The UUID that this text always has (version 8: SHA-256 of it).
    pub(crate) fn uuid_of(text: &str) -> String {
        use sha2::Digest;
        let mut bytes: [u8; 16] = sha2::Sha256::digest(text)[..16].try_into().expect("a digest has 32 bytes");
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        uuid_text(bytes)
    }
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
