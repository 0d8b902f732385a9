//! What the faces need beside the engine. The binary puts the real ones in, tests put in fakes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use caddis_backends::local::paths::Home;
use caddis_engine::Engine;
use caddis_engine::ports::BackendError;
use caddis_types::ClusterId;
use caddis_types::api::EnvironmentView;
use thiserror::Error;

use crate::Hub;

/// Everything that [`crate::serve`] serves.
#[derive(Clone)]
pub struct Assembly {
    /// The loop and the domain calls.
    pub engine: Engine,
    /// The same notifier that the engine's ports hold.
    pub hub: Hub,
    /// The state folder.
    pub home: Home,
    /// Standard inputs of scripts.
    pub stdin: Arc<dyn Stdin>,
    /// Python environments.
    pub environments: Arc<dyn Environments>,
    /// Dashboards of clusters.
    pub dashboards: Arc<dyn Dashboards>,
    /// Bytes kept of each output of a job; a notice in a log names it.
    pub output_limit: u64,
    /// Ended jobs and clusters are removed with their logs after so long.
    pub retention: Duration,
    /// Staging data in the object store is removed after so long; absent means that it stays.
    pub staging_retention: Option<Duration>,
    /// Whether initialization actions of Dataproc clusters are run.
    pub run_init_actions: bool,
    /// Of the binary, with its commit.
    pub version: String,
}

/// The end of a script's standard input. Its bytes go through the pipe at [`Home::stdin`].
#[async_trait]
pub trait Stdin: Send + Sync {
    /// Closes what holds the pipe open, so that the script reads an end.
    async fn close(&self, cluster: &ClusterId, member: &str) -> Result<(), BackendError>;
}

/// Why an environment was not removed.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum EnvironmentError {
    /// There is none of that id.
    #[error("there is no environment `{0}`")]
    NotFound(String),
    /// Something uses it; the text says what.
    #[error("{0}")]
    InUse(String),
    /// It could not be looked at, or removed.
    #[error(transparent)]
    Failed(#[from] BackendError),
}

/// The Python environments that Caddis keeps.
#[async_trait]
pub trait Environments: Send + Sync {
    /// All of them.
    async fn list(&self) -> Result<Vec<EnvironmentView>, EnvironmentError>;

    /// Removes one that nothing uses.
    async fn remove(&self, id: &str) -> Result<(), EnvironmentError>;

    /// Removes those that nothing used for this long, or says which would go; answers their ids.
    async fn prune(&self, unused_for: Duration, dry_run: bool) -> Result<Vec<String>, EnvironmentError>;
}

/// What stands in front of a dashboard.
pub trait Dashboards: Send + Sync {
    /// The file with the secret that the cluster's HTTP routes ask for.
    fn secret_file(&self, cluster: &ClusterId) -> PathBuf;

    /// Told once, when it is known where browsers reach this server: `http://127.0.0.1:port`.
    fn reached_at(&self, base: &str);
}
