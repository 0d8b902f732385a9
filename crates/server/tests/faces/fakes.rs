//! An outside that does nothing, and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use caddis_core::plan::Rung;
use caddis_core::profile::Pool;
use caddis_core::record::{Bundle, ClusterRecord, Leaving};
use caddis_core::world::{EnvironmentStatus, Member, Members, Observed};
use caddis_engine::ports::{Backend, BackendError, DaskApi, MemberStart, StartError, Stopped};
use caddis_server::{Dashboards, EnvironmentError, Environments, Stdin};
use caddis_types::api::{ConnectionView, EnvironmentView, Program};
use caddis_types::bytes::GIB;
use caddis_types::dask::DaskSnapshot;
use caddis_types::{ClusterId, JobId, Timestamp};
use tokio::sync::{RwLock, mpsc};

/// A machine on which nothing can be seen and nothing starts.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    pub(crate) traces: Mutex<Vec<ClusterId>>,
    /// Whoever holds it for writing keeps looks waiting.
    pub(crate) gate: RwLock<()>,
    /// Looks that wait.
    pub(crate) looks: AtomicUsize,
    /// Whether anybody asked for traces: a server does so once it has woken what it found at its start.
    pub(crate) is_swept: AtomicBool,
}

/// One look, until it is done or cut.
struct Look<'a>(&'a AtomicUsize);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Backend for Outside {
    fn pool(&self) -> Pool {
        Pool { memory_bytes: 16 * GIB, cpus: 4 }
    }

    async fn take_program(&self, program: &Program, _: &str) -> Result<Bundle, BackendError> {
        match program {
            Program::Script(path) if path.ends_with("missing.py") => Err(BackendError {
                code: "no_script".into(),
                message: format!("there is no file `{path}`"),
                hint: Some("check the path".into()),
            }),
            _ => Ok(Bundle { digest: "00".into(), files: 1, bytes: 1 }),
        }
    }

    async fn members(&self, _: &ClusterId) -> Observed<Members> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let _look = Look(&self.looks);
        let _open = self.gate.read().await;
        Observed::Unknown("this is a test".into())
    }

    async fn environment(&self, _: &ClusterRecord) -> EnvironmentStatus {
        EnvironmentStatus::Building("it takes its time".into())
    }

    async fn prepare_environment(&self, _: &ClusterRecord, _: &BTreeMap<String, String>) -> Result<(), BackendError> {
        Ok(())
    }

    async fn start_members(
        &self,
        _: &ClusterRecord,
        starts: &[MemberStart<'_>],
        _: &BTreeMap<String, String>,
    ) -> Vec<Result<(), StartError>> {
        starts.iter().map(|_| Err(StartError::Unknown("this is a test".into()))).collect()
    }

    async fn stop_member(&self, _: &ClusterId, _: &Member, _: &str, _: &[Rung]) -> Result<Stopped, BackendError> {
        Ok(Stopped::Nothing)
    }

    async fn purge(&self, _: &ClusterId, _: &str) -> Result<(), BackendError> {
        Ok(())
    }

    async fn clean(&self, cluster: &ClusterId) -> Result<(), BackendError> {
        self.traces.lock().unwrap().retain(|trace| trace != cluster);
        Ok(())
    }

    async fn traces(&self) -> Result<Vec<ClusterId>, BackendError> {
        self.is_swept.store(true, Ordering::SeqCst);
        Ok(self.traces.lock().unwrap().clone())
    }

    async fn renew_leases(&self, _: &[ClusterId]) {}

    async fn connection(&self, cluster: &ClusterRecord) -> Result<ConnectionView, BackendError> {
        Ok(ConnectionView {
            address: cluster.scheduler.as_ref().and_then(|it| it.address.clone()).unwrap(),
            ca_file: "/ca".into(),
            cert_file: "/cert".into(),
            key_file: "/key".into(),
            variables: BTreeMap::new(),
        })
    }

    async fn forget_job(&self, _: &JobId) -> Result<(), BackendError> {
        Ok(())
    }

    async fn forget_members(&self, _: &ClusterId, _: &[Member]) -> Result<(), BackendError> {
        Ok(())
    }

    async fn remove_programs(&self, _: &BTreeSet<String>, _: Timestamp) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Schedulers that never answer: who asks one waits for ever.
#[derive(Debug)]
pub(crate) struct Silent;

#[async_trait]
impl DaskApi for Silent {
    async fn snapshot(&self, _: &ClusterId) -> Option<DaskSnapshot> {
        None
    }
    async fn workers_to_close(&self, _: &ClusterId, _: u32) -> Vec<String> {
        std::future::pending().await
    }
    async fn drain(&self, _: &ClusterId, _: &[String], _: Duration, _: Leaving) -> bool {
        false
    }
    async fn close(&self, _: &ClusterId, _: &str) -> bool {
        false
    }
}

/// Says which standard input was closed.
#[derive(Debug)]
pub(crate) struct Closer(pub(crate) mpsc::UnboundedSender<String>);

#[async_trait]
impl Stdin for Closer {
    async fn close(&self, cluster: &ClusterId, member: &str) -> Result<(), BackendError> {
        self.0.send(format!("{cluster}/{member}")).map_err(|_| BackendError::new("gone", "the test is over"))
    }
}

/// Two environments; one is in use.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) removed: Mutex<Vec<String>>,
}

#[async_trait]
impl Environments for Shelf {
    async fn list(&self) -> Result<Vec<EnvironmentView>, EnvironmentError> {
        let removed = self.removed.lock().unwrap();
        let view = |id: &str, in_use| EnvironmentView {
            id: id.into(),
            state: "ready".into(),
            source: "requirements.txt".into(),
            python: Some("3.12.1".into()),
            distributed: Some("2026.8.0".into()),
            bytes: Some(1),
            used_at: None,
            in_use,
            path: format!("/environments/{id}"),
        };
        let all = [view("aa11", false), view("aa22", true)];
        Ok(all.into_iter().filter(|view| !removed.contains(&view.id)).collect())
    }

    async fn remove(&self, id: &str) -> Result<(), EnvironmentError> {
        if id == "aa22" {
            return Err(EnvironmentError::InUse(format!("environment `{id}` is in use")));
        }
        self.removed.lock().unwrap().push(id.to_owned());
        Ok(())
    }

    async fn prune(&self, _: Duration, dry_run: bool) -> Result<Vec<String>, EnvironmentError> {
        if !dry_run {
            self.removed.lock().unwrap().push("aa11".into());
        }
        Ok(vec!["aa11".into()])
    }
}

/// Secrets in one folder, by cluster.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) folder: PathBuf,
    pub(crate) base: Mutex<Option<String>>,
}

impl Dashboards for Secrets {
    fn secret_file(&self, cluster: &ClusterId) -> PathBuf {
        self.folder.join(format!("{cluster}.secret"))
    }
    fn reached_at(&self, base: &str) {
        *self.base.lock().unwrap() = Some(base.to_owned());
    }
}
