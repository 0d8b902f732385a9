//! A server that runs in the test's own process, and ways to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use caddis_backends::local::paths::Home;
use caddis_client::{Client, ClientError};
use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_core::settings::Settings;
use caddis_engine::ports::{Change, CommitError, Notifier, Ports, Store};
use caddis_engine::{Engine, Queue};
use caddis_server::{Assembly, Hub, Options, ServeError, SystemClock, SystemEntropy, serve};
use caddis_store::MemStore;
use caddis_types::{ClusterId, JobId};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;

use crate::fakes::{Closer, Outside, Secrets, Shelf, Silent};

/// The longest that anything here may take.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

/// Fails with a word on what did not happen.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, future).await {
        Ok(value) => value,
        Err(_) => panic!("it did not happen within {BOUND:?}: {what}"),
    }
}

/// Asks again until the answer is there.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            match ask().await {
                Some(value) => return value,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    })
    .await
}

pub(crate) struct Rig {
    pub(crate) home: Home,
    pub(crate) store: Arc<MemStore>,
    pub(crate) hub: Hub,
    pub(crate) outside: Arc<Outside>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) closed: Mutex<UnboundedReceiver<String>>,
    pub(crate) client: Client,
    pub(crate) owner: String,
    pub(crate) served: Option<JoinHandle<Result<(), ServeError>>>,
    pub(crate) assembly: Assembly,
    _folder: TempDir,
}

impl Rig {
    pub(crate) async fn start() -> Rig {
        Rig::start_with(Options::default(), None).await
    }

    /// A server whose config has these settings.
    pub(crate) async fn start_at(settings: Settings) -> Rig {
        Rig::assemble(Options::default(), None, settings).await
    }

    /// A server with these options, whose state lies this far below a temporary folder.
    pub(crate) async fn start_with(options: Options, below: Option<PathBuf>) -> Rig {
        Rig::assemble(options, below, Settings::default()).await
    }

    async fn assemble(options: Options, below: Option<PathBuf>, settings: Settings) -> Rig {
        // It takes a while, in which nobody would be served who counts on a short idleness.
        let owner = whoami();
        let folder = tempfile::tempdir().unwrap();
        let path = below.map_or_else(|| folder.path().join("home"), |below| folder.path().join(below));
        let home = Home::new(path.clone());
        let (store, hub, outside) = (Arc::new(MemStore::default()), Hub::default(), Arc::new(Outside::default()));
        let secrets = Arc::new(Secrets { folder: folder.path().to_owned(), base: Default::default() });
        let (closer, closed) = mpsc::unbounded_channel();
        let ports = Ports {
            store: store.clone(),
            backend: outside.clone(),
            dask: Arc::new(Silent),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            notifier: Arc::new(hub.clone()),
            settings: Arc::new(settings),
        };
        let assembly = Assembly {
            engine: Engine::new(ports, Queue::default()),
            hub: hub.clone(),
            home: home.clone(),
            stdin: Arc::new(Closer(closer)),
            environments: Arc::new(Shelf::default()),
            dashboards: secrets.clone(),
            output_limit: 64 << 20,
            retention: Duration::from_secs(30 * 24 * 3600),
            staging_retention: None,
            run_init_actions: false,
            version: "0.1.0 (test)".into(),
        };
        let served = tokio::spawn(serve(assembly.clone(), options));
        let client = until("the server listens", async || Client::connect(&path).await.ok()).await;
        // It answers before it has woken what it found, and would wake with it rows that a test puts there meanwhile: a pass
        // ends jobs whose clusters are not in the store.
        let has_begun = || outside.is_swept.load(Ordering::SeqCst) && assembly.engine.queue.is_empty();
        until("the server has begun", async || has_begun().then_some(())).await;
        let closed = Mutex::new(closed);
        Rig {
            home,
            store,
            hub,
            outside,
            secrets,
            closed,
            client,
            owner,
            served: Some(served),
            assembly,
            _folder: folder,
        }
    }

    /// Writes rows as the loop would, and tells those who wait.
    pub(crate) async fn put(&self, change: Change) {
        let subjects: Vec<String> = change
            .jobs
            .iter()
            .map(|job| job.id.to_string())
            .chain(change.clusters.iter().map(|cluster| cluster.id.to_string()))
            .collect();
        self.store.commit(change).await.unwrap();
        subjects.iter().for_each(|subject| self.hub.changed(subject));
    }

    pub(crate) async fn put_job(&self, job: JobRecord) -> JobId {
        let id = job.id.clone();
        self.put(Change { jobs: vec![job], ..Change::default() }).await;
        id
    }

    pub(crate) async fn put_cluster(&self, cluster: ClusterRecord) -> ClusterId {
        let id = cluster.id.clone();
        self.put(Change { clusters: vec![cluster], ..Change::default() }).await;
        id
    }

    /// Changes a job that is there.
    pub(crate) async fn edit(&self, id: &JobId, change: impl Fn(&mut JobRecord)) {
        loop {
            let mut job = self.store.job(id).await.unwrap().unwrap();
            change(&mut job);
            match self.store.commit(Change { jobs: vec![job], ..Change::default() }).await {
                Ok(()) => return self.hub.changed(id.as_str()),
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Where a browser finds the server.
    pub(crate) fn port(&self) -> u16 {
        let base = self.secrets.base.lock().unwrap().clone().unwrap();
        base.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// A secret that a browser got by logging in.
    pub(crate) async fn session(&self) -> String {
        let link = self.client.login_link(None).await.unwrap();
        crate::browser::Browser::new(self.port()).login(&link.url).await
    }

    /// Waits for the server's own end.
    pub(crate) async fn ended(&mut self) -> Result<(), ServeError> {
        within("the server ends", self.served.take().unwrap()).await.unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(served) = &self.served {
            served.abort();
        }
    }
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, ClientError>) -> (u16, String) {
    match result {
        Err(ClientError::Problem { status, problem }) => (status, problem.code),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Who runs this test.
pub(crate) fn whoami() -> String {
    let name = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    String::from_utf8(name).unwrap().trim().to_owned()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
