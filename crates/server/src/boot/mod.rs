//! From an assembly to a server that answers, and back to nothing.
//!
//! What always holds: one server a state folder, by a lock; it listens before it says that it is ready; when it ends,
//! what runs goes on, and its socket, its loop and its requests are gone before its lock is.

mod idle;
mod lock;
pub mod logging;
mod ready;
pub(crate) mod retention;
mod signals;
mod storage;
mod tasks;
mod thrift;

use std::fs::File;
use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::face::Face;
use crate::listen::{self, Folder, FolderError};
use crate::{Assembly, google, http};

/// What a background server says.
const LOG: &str = "server.log";
/// How long requests may take to be answered once the server ends.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How a server is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether nobody sees its standard error: it then writes to the log file of the state folder.
    pub background: bool,
    /// It ends itself when for so long nothing was active and nobody was there; absent means never.
    pub idle_exit: Option<Duration>,
}

/// Why a server did not serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another server of the same state folder runs.
    #[error("a server runs for `{home}` already (process {by})\nhint: use it, or end it with `caddis serve --stop`")]
    Taken {
        /// The state folder.
        home: String,
        /// Its process, as it said itself.
        by: String,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It could not listen, or not see to its signals or its log.
    #[error("the server cannot {doing}: {source}")]
    Io {
        /// What it was about to do.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] caddis_engine::ports::StoreError),
}

/// The runtime that a server needs: two threads, and few more for files.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .thread_keep_alive(Duration::from_secs(2))
        .thread_name("caddis")
        .enable_all()
        .build()
}

/// Serves until it is asked to end: by a signal, by `POST /v1/shutdown`, or by idleness. What runs goes on.
pub async fn serve(assembly: Assembly, options: Options) -> Result<(), ServeError> {
    Claim::take(assembly.home.path(), options)?.serve(assembly, options).await
}

/// The right to be the one server of a state folder, for those who must not touch it before.
#[derive(Debug)]
pub struct Claim {
    folder: Folder,
    lock: File,
}

impl Claim {
    /// Opens the state folder (made 0700 where there is none), begins to write the log, and takes the lock.
    pub fn take(home: &Path, options: Options) -> Result<Claim, ServeError> {
        let folder = Folder::open(home)?;
        if options.background {
            logging::to_file(&home.join(LOG)).map_err(io("write its log"))?;
        } else {
            logging::to_stderr();
        }
        let lock = lock::take(&folder)?;
        Ok(Claim { folder, lock })
    }

    /// Serves until it is asked to end. What runs goes on.
    pub async fn serve(self, assembly: Assembly, options: Options) -> Result<(), ServeError> {
        let signals = signals::listen().map_err(io("listen to signals"))?;
        let face = Face::new(assembly);
        let listeners = listeners(&face, &self.folder).await?;
        face.assembly.engine.wake_all().await?;
        google::reopen(&face).await;
        let tasks = tasks::start(&face);
        if let Some(span) = options.idle_exit {
            tokio::spawn(idle::watch(face.clone(), span));
        }
        ready::tell("READY=1");
        let home = face.assembly.home.path().display();
        tracing::info!(home = %home, http = face.base(), pid = std::process::id(), "the server serves");
        tokio::select! {
            () = listeners => {}
            signal = signals => {
                tracing::info!(signal, "the server was told to end");
            }
            () = face.shutdown.wait() => {}
        }
        face.shutdown.begin();
        ready::tell("STOPPING=1");
        self.folder.remove(listen::SOCKET).map_err(io("remove its socket"))?;
        all_gone(&face).await;
        face.shutdown.cut();
        all_gone(&face).await;
        tracing::info!("the server ends; what runs goes on");
        tasks.end().await;
        drop(self.lock);
        Ok(())
    }
}

/// Binds both ways in; the answer accepts for ever.
async fn listeners(face: &Face, folder: &Folder) -> Result<impl Future<Output = ()> + use<>, ServeError> {
    let unix = listen::bind_unix(folder).map_err(io("listen on its socket"))?;
    let tcp = listen::bind_tcp(&*face.assembly.engine.ports.store).await.map_err(io("listen on a loopback port"))?;
    let port = tcp.local_addr().map_err(io("listen on a loopback port"))?.port();
    let _ = face.port.set(port);
    face.assembly.dashboards.reached_at(&format!("http://127.0.0.1:{port}"));
    let router = http::router(face.clone());
    let (unix, tcp) =
        (listen::accept_unix(face.clone(), router.clone(), unix), listen::accept_tcp(face.clone(), router, tcp));
    Ok(async move {
        tokio::join!(unix, tcp);
    })
}

/// Waits a while until nobody is there any more.
async fn all_gone(face: &Face) {
    let until = Instant::now() + LAST_ANSWERS;
    while face.activity.present() > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> ServeError {
    move |source| ServeError::Io { doing, source }
}
