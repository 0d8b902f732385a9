//! The environments of living clusters: asked for, being built, ready.
//!
//! What always holds: once a cluster's environment is ready its choice is written into the run folder, so that a new
//! server gives later members of the cluster the same one, whatever became of the script's header meanwhile. A build
//! lives no longer than the wish for it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caddis_core::record::ClusterRecord;
use caddis_core::restart;
use caddis_core::world::EnvironmentStatus;
use caddis_engine::{Key, Queue};
use caddis_types::api::Program;
use caddis_types::{Cause, CauseCode, ClusterId, bytes};
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::environment::{self, EnvironmentError, EnvironmentWish, Stage};
use super::paths::Home;
use super::private;
use crate::blocking;

/// The pause after the first failure; each further one doubles it, up to ten minutes.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

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
    Failed(Cause, Instant),
}

/// One cluster's.
#[derive(Debug)]
struct Entry {
    status: Status,
    /// How often in a row it could not be made ready.
    failures: u32,
    /// What makes it ready. It ends with this, and what it started ends with it.
    _work: Work,
}

#[derive(Debug)]
struct Work(AbortHandle);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The environments of living clusters. Clones share them.
#[derive(Clone)]
pub(super) struct Environments {
    home: Home,
    queue: Queue,
    state: Arc<Mutex<HashMap<ClusterId, Entry>>>,
}

impl Environments {
    pub(super) fn new(home: Home, queue: Queue) -> Environments {
        Environments { home, queue, state: Arc::default() }
    }

    pub(super) fn status(&self, cluster: &ClusterId) -> EnvironmentStatus {
        match self.lock().get(cluster).map(|entry| &entry.status) {
            None => EnvironmentStatus::Absent,
            Some(Status::Building(step)) => EnvironmentStatus::Building(step.clone()),
            Some(Status::Ready(_)) => EnvironmentStatus::Ready,
            Some(Status::Failed(cause, _)) => EnvironmentStatus::Failed(cause.clone()),
        }
    }

    pub(super) fn chosen(&self, cluster: &ClusterId) -> Option<Chosen> {
        match self.lock().get(cluster).map(|entry| &entry.status) {
            Some(Status::Ready(chosen)) => Some(chosen.clone()),
            _ => None,
        }
    }

    /// Ids of the environments that living clusters use.
    pub(super) fn used(&self) -> Vec<String> {
        let state = self.lock();
        let ids = state.values().filter_map(|entry| match &entry.status {
            Status::Ready(chosen) => Some(chosen.id.clone()),
            _ => None,
        });
        ids.collect()
    }

    /// Nobody wants it any more: a build that is under way is given up.
    pub(super) fn forget(&self, cluster: &ClusterId) {
        self.lock().remove(cluster);
    }

    /// Begins to make it ready, unless that was begun. What failed is begun anew when its pause is over.
    pub(super) fn prepare(&self, cluster: &ClusterRecord, variables: &BTreeMap<String, String>) {
        self.begin(&cluster.id, wish(cluster, variables));
    }

    fn begin(&self, cluster: &ClusterId, wish: EnvironmentWish) {
        let mut state = self.lock();
        let failures = match state.get(cluster) {
            None => 0,
            Some(Entry { status: Status::Failed(_, not_before), failures, .. }) if *not_before <= Instant::now() => *failures,
            Some(_) => return,
        };
        // It begins when the lock is free again, so it finds its own entry.
        let work = tokio::spawn(self.clone().make_ready(cluster.clone(), wish));
        let status = Status::Building("it is looked up".into());
        state.insert(cluster.clone(), Entry { status, failures, _work: Work(work.abort_handle()) });
    }

    async fn make_ready(self, cluster: ClusterId, wish: EnvironmentWish) {
        let file = self.file(&cluster);
        let result = match blocking(move || remembered(&file)).await {
            Some(chosen) => Ok(chosen),
            None => self.build(&cluster, wish).await,
        };
        self.change(&cluster, |entry| match result {
            Ok(chosen) => {
                entry.failures = 0;
                entry.status = Status::Ready(chosen);
            }
            Err(error) => {
                entry.failures += 1;
                let not_before = Instant::now() + restart::retry_pause(FIRST_PAUSE, entry.failures);
                entry.status = Status::Failed(cause(&error), not_before);
            }
        });
    }

    async fn build(&self, cluster: &ClusterId, wish: EnvironmentWish) -> Result<Chosen, EnvironmentError> {
        let plan = blocking(move || environment::inspect(&wish)).await?;
        let (this, id) = (self.clone(), cluster.clone());
        let progress = move |stage: Stage| this.change(&id, |entry| entry.status = Status::Building(sentence(&stage)));
        let built = environment::ensure(self.home.path(), &plan, &progress).await?;
        let chosen =
            Chosen { id: built.id.clone(), python: built.python.clone(), fingerprint: built.fingerprint.clone() };
        let (this, cluster, kept) = (self.clone(), cluster.clone(), chosen.clone());
        blocking(move || this.remember(&cluster, &kept)).await;
        Ok(chosen)
    }

    fn file(&self, cluster: &ClusterId) -> PathBuf {
        self.home.cluster(cluster).join("environment.json")
    }

    fn remember(&self, cluster: &ClusterId, chosen: &Chosen) {
        let written = private::make_folder(&self.home.cluster(cluster))
            .and_then(|()| private::write_file(&self.file(cluster), &serde_json::to_vec(chosen).unwrap_or_default()));
        if let Err(error) = written {
            tracing::info!(cluster.id = %cluster, error = %error, "the choice of environment could not be written");
        }
    }

    /// Changes what is known of one that is still wanted.
    fn change(&self, cluster: &ClusterId, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().get_mut(cluster) {
            change(entry);
            self.queue.wake(Key::Cluster(cluster.clone()));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ClusterId, Entry>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was chosen before, if it is there still.
fn remembered(file: &Path) -> Option<Chosen> {
    let text = std::fs::read(file).ok()?;
    serde_json::from_slice::<Chosen>(&text).ok().filter(|chosen| chosen.python.exists())
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// An interpreter that is this text of shell.
    fn wish(folder: &Path, shell: &str) -> EnvironmentWish {
        let python = folder.join("python3");
        fs::write(&python, format!("#!/bin/sh\n{shell}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        EnvironmentWish {
            script: None,
            module: None,
            requirements: None,
            python: Some(python.display().to_string()),
            dask: None,
            cwd: folder.to_owned(),
            variables: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        }
    }

    fn environments(folder: &Path) -> (Environments, ClusterId) {
        let environments = Environments::new(Home::new(folder), Queue::default());
        (environments, "cl_0123456789abcdef".parse().unwrap())
    }

    async fn until(what: &str, level: impl Fn() -> bool) {
        let wait = async {
            while !level() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect(what);
    }

    #[tokio::test]
    async fn a_build_ends_with_the_wish_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (environments, cluster) = environments(folder.path());
        let pid = folder.path().join("pid");
        environments.begin(&cluster, wish(folder.path(), &format!("echo $$ > {}\nexec sleep 600", pid.display())));
        until("it is asked", || fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'))).await;
        let process = format!("/proc/{}/cmdline", fs::read_to_string(&pid).unwrap().trim());
        until("it waits", || fs::read_to_string(&process).is_ok_and(|line| line.starts_with("sleep"))).await;
        environments.forget(&cluster);
        until("what it started is ended", || !fs::read_to_string(&process).is_ok_and(|line| line.starts_with("sleep"))).await;
        assert_eq!(environments.status(&cluster), EnvironmentStatus::Absent);
        assert!(!environments.home.cluster(&cluster).exists());
    }

    #[tokio::test]
    async fn what_failed_is_tried_again_with_growing_pauses() {
        let folder = tempfile::tempdir().unwrap();
        let (environments, cluster) = environments(folder.path());
        let asked = folder.path().join("asked");
        let wish = wish(folder.path(), &format!("echo >> {}\nexit 1", asked.display()));
        let failed = || matches!(environments.status(&cluster), EnvironmentStatus::Failed(_));
        environments.begin(&cluster, wish.clone());
        let mut pauses = Vec::new();
        for _ in 0..2 {
            until("it fails", failed).await;
            let (since, times) = (Instant::now(), fs::read(&asked).unwrap().len());
            until("its pause is over", || {
                environments.begin(&cluster, wish.clone());
                !failed()
            })
            .await;
            pauses.push(since.elapsed());
            until("it is asked again", || fs::read(&asked).unwrap().len() > times).await;
        }
        assert!(pauses[0] > FIRST_PAUSE * 9 / 10 && pauses[1] > FIRST_PAUSE * 19 / 10, "{pauses:?}");
    }
}
