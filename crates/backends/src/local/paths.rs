//! Where everything lies in the state folder. The only place that knows these names.

use std::path::{Path, PathBuf};

use caddis_types::api::Stream;
use caddis_types::{ClusterId, JobId};

/// The state folder (`$CADDIS_HOME`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The state folder at an absolute path.
    pub fn new(path: impl Into<PathBuf>) -> Home {
        Home(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// Held locked by the one server of this folder.
    pub fn server_lock(&self) -> PathBuf {
        self.0.join("server.lock")
    }

    /// Where the server listens. Reached through its folder: see `caddis_client::socket`.
    pub fn server_socket(&self) -> PathBuf {
        self.0.join("server.sock")
    }

    /// What a background server says.
    pub fn server_log(&self) -> PathBuf {
        self.0.join("server.log")
    }

    /// Settings.
    pub fn config(&self) -> PathBuf {
        self.0.join("caddis.toml")
    }

    /// The run folders of clusters.
    pub fn clusters(&self) -> PathBuf {
        self.0.join("clusters")
    }

    /// The run folder of one cluster; gone with it.
    pub fn cluster(&self, id: &ClusterId) -> PathBuf {
        self.clusters().join(id.as_str())
    }

    /// The logs of a cluster's scheduler and workers; kept until retention.
    pub fn cluster_logs(&self, id: &ClusterId) -> PathBuf {
        self.0.join("logs").join(id.as_str())
    }

    /// What is kept of a job until retention.
    pub fn job(&self, id: &JobId) -> PathBuf {
        self.0.join("jobs").join(id.as_str())
    }

    /// The folder of one attempt of a job.
    pub fn attempt(&self, id: &JobId, attempt: u32) -> PathBuf {
        self.job(id).join(attempt.to_string())
    }

    /// One output of one attempt.
    pub fn attempt_log(&self, id: &JobId, attempt: u32, stream: Stream) -> PathBuf {
        self.attempt(id, attempt).join(match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        })
    }

    /// The pipe that feeds a job's standard input.
    pub fn stdin(&self, cluster: &ClusterId, member: &str) -> PathBuf {
        self.member(cluster, member).join("stdin")
    }

    /// The folder of one process of a cluster.
    pub fn member(&self, cluster: &ClusterId, member: &str) -> PathBuf {
        self.cluster(cluster).join("members").join(member)
    }

    /// The secret that the HTTP routes of a cluster's scheduler and workers ask for.
    pub fn http_secret(&self, cluster: &ClusterId) -> PathBuf {
        self.cluster(cluster).join("http-secret")
    }

    /// Files of jobs, by content.
    pub fn bundles(&self) -> PathBuf {
        self.0.join("bundles")
    }

    /// The Python runtime that is put beside Dask, by content.
    pub fn runtime(&self) -> PathBuf {
        self.0.join("runtime")
    }
}
