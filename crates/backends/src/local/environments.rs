//! The environments of living clusters: asked for, being built, ready.
//!
//! What always holds: once a cluster's environment is ready its choice is written into the run folder, so that a new
//! server gives later members of the cluster the same one, whatever became of the script's header meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use caddis_core::record::ClusterRecord;
use caddis_core::world::EnvironmentStatus;
use caddis_engine::{Key, Queue};
use caddis_types::api::Program;
use caddis_types::{Cause, CauseCode, ClusterId, bytes};
use serde::{Deserialize, Serialize};

use super::environment::{self, EnvironmentError, EnvironmentWish, Stage};
use super::paths::Home;
use super::private;

/// What members need of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chosen {
    /// Its id.
    pub(super) id: String,
    /// Its interpreter.
    pub(super) python: PathBuf,
    /// Names the content of its packages.
    pub(super) fingerprint: String,
}

#[derive(Clone, Debug)]
enum Status {
    Building(String),
    Ready(Chosen),
    Failed(Cause),
}

/// The environments of living clusters. Clones share them.
#[derive(Clone)]
pub(super) struct Environments {
    home: Home,
    queue: Queue,
    state: Arc<Mutex<HashMap<ClusterId, Status>>>,
}

impl Environments {
    pub(super) fn new(home: Home, queue: Queue) -> Environments {
        Environments { home, queue, state: Arc::default() }
    }

    pub(super) fn status(&self, cluster: &ClusterId) -> EnvironmentStatus {
        match self.lock().get(cluster) {
            None => EnvironmentStatus::Absent,
            Some(Status::Building(step)) => EnvironmentStatus::Building(step.clone()),
            Some(Status::Ready(_)) => EnvironmentStatus::Ready,
            Some(Status::Failed(cause)) => EnvironmentStatus::Failed(cause.clone()),
        }
    }

    pub(super) fn chosen(&self, cluster: &ClusterId) -> Option<Chosen> {
        match self.lock().get(cluster) {
            Some(Status::Ready(chosen)) => Some(chosen.clone()),
            _ => None,
        }
    }

    /// Ids of the environments that living clusters use.
    pub(super) fn used(&self) -> Vec<String> {
        let state = self.lock();
        let ids = state.values().filter_map(|status| match status {
            Status::Ready(chosen) => Some(chosen.id.clone()),
            _ => None,
        });
        ids.collect()
    }

    pub(super) fn forget(&self, cluster: &ClusterId) {
        self.lock().remove(cluster);
    }

    /// Begins to make it ready, unless that was begun. One that is there already is ready at once.
    pub(super) async fn prepare(&self, cluster: &ClusterRecord, variables: &BTreeMap<String, String>) {
        if self.status(&cluster.id) != EnvironmentStatus::Absent {
            return;
        }
        if let Some(chosen) = self.remembered(&cluster.id) {
            return self.set(&cluster.id, Status::Ready(chosen));
        }
        self.lock().insert(cluster.id.clone(), Status::Building("it is looked up".into()));
        let wish = wish(cluster, variables);
        let (this, id) = (self.clone(), cluster.id.clone());
        tokio::spawn(async move {
            let status = match this.build(&id, wish).await {
                Ok(chosen) => Status::Ready(chosen),
                Err(error) => Status::Failed(cause(&error)),
            };
            this.set(&id, status);
        });
    }

    async fn build(&self, cluster: &ClusterId, wish: EnvironmentWish) -> Result<Chosen, EnvironmentError> {
        let plan = environment::inspect(&wish)?;
        let (this, id) = (self.clone(), cluster.clone());
        let progress = move |stage: Stage| this.set(&id, Status::Building(sentence(&stage)));
        let built = environment::ensure(self.home.path(), &plan, &progress).await?;
        let chosen =
            Chosen { id: built.id.clone(), python: built.python.clone(), fingerprint: built.fingerprint.clone() };
        self.remember(cluster, &chosen);
        Ok(chosen)
    }

    fn file(&self, cluster: &ClusterId) -> PathBuf {
        self.home.cluster(cluster).join("environment.json")
    }

    fn remembered(&self, cluster: &ClusterId) -> Option<Chosen> {
        let text = std::fs::read(self.file(cluster)).ok()?;
        serde_json::from_slice::<Chosen>(&text).ok().filter(|chosen| chosen.python.exists())
    }

    fn remember(&self, cluster: &ClusterId, chosen: &Chosen) {
        let written = private::make_folder(&self.home.cluster(cluster))
            .and_then(|()| private::write_file(&self.file(cluster), &serde_json::to_vec(chosen).unwrap_or_default()));
        if let Err(error) = written {
            tracing::info!(cluster.id = %cluster, error = %error, "the choice of environment could not be written");
        }
    }

    fn set(&self, cluster: &ClusterId, status: Status) {
        self.lock().insert(cluster.clone(), status);
        self.queue.wake(Key::Cluster(cluster.clone()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ClusterId, Status>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wish(cluster: &ClusterRecord, variables: &BTreeMap<String, String>) -> EnvironmentWish {
    let (script, module) = match &cluster.program {
        Some(Program::Script(path)) => (Some(PathBuf::from(path)), None),
        Some(Program::Module(name)) => (None, Some(name.clone())),
        None => (None, None),
    };
    EnvironmentWish {
        script,
        module,
        requirements: cluster.environment.requirements.clone().map(PathBuf::from),
        python: cluster.environment.python.clone(),
        dask: cluster.environment.dask.clone(),
        cwd: PathBuf::from(&cluster.cwd),
        variables: variables.clone(),
    }
}

fn sentence(stage: &Stage) -> String {
    match stage {
        Stage::Interpreter => "looking for an interpreter".into(),
        Stage::Waiting => "waiting for another job that builds the same one".into(),
        Stage::Uv => "obtaining uv".into(),
        Stage::Resolve => "deciding which versions".into(),
        Stage::Download { done, total } if *total > 0 => {
            format!("fetching packages, {} of {}", bytes::display(*done), bytes::display(*total))
        }
        Stage::Download { .. } => "fetching packages".into(),
        Stage::Compile { package } => format!("compiling {package}"),
        Stage::Install => "installing packages".into(),
        Stage::Check => "importing Dask once".into(),
    }
}

fn cause(error: &EnvironmentError) -> Cause {
    let code = match error.code() {
        "disk_full" => CauseCode::DiskFull,
        _ => CauseCode::EnvironmentBuild,
    };
    Cause::new(code, error.to_string()).with("code", error.code()).hint(error.hint())
}
