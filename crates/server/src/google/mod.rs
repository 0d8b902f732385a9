//! Google's clients, led to this machine: a port that speaks as Google's API does, and what proves who asks.
//!
//! What this room is for: an authority of our own whose certificates can only be for Google's Dataproc hosts and this
//! machine ([`authority`]), a throw-away service account and a token ([`account`], [`tokens`]), the TLS port behind
//! which the Dataproc face and the object store answer ([`port`], [`front`]), and the CONNECT proxy that leads gRPC there ([`connect`]). All of it is
//! made by the first `caddis env`, kept in the state folder, and served again by every later server.
//! Deliberately absent: any connection to Google; the proxy never dials out.
//!
//! What always holds: keys and tokens are readable by their owner alone and stand in no log; without a proof nothing
//! answers but a refusal.

mod account;
mod authority;
mod claims;
mod connect;
mod files;
mod front;
mod grant;
mod outputs;
mod port;
mod regions;
mod tokens;
mod variables;
mod workflows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use caddis_dataproc::{Dataproc, InitActions, Service};
use caddis_gcs::Store;
use caddis_engine::ports::Clock;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::face::Face;
use account::Account;
use authority::Authority;
use tokens::Tokens;

/// What could not be made, read or bound.
#[derive(Debug, Error)]
pub(crate) enum GoogleError {
    /// A file of the folder `google`.
    #[error("`{}` cannot be {doing}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// `read`, `written`.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A key or a certificate.
    #[error("{0} cannot be made or read: {1}")]
    Key(&'static str, String),
    /// The object store.
    #[error("the object store cannot be opened: {0}")]
    Storage(#[from] caddis_gcs::StoreError),
    /// A port.
    #[error("cannot listen on a port for Google's clients: {0}")]
    Listen(std::io::Error),
}

/// Where Google's clients find us, once somebody asked for it.
#[derive(Debug, Default)]
pub(crate) struct Google {
    here: OnceCell<Here>,
    storage: OnceCell<Store>,
}

impl Google {
    /// The object store, once Google's clients are served.
    pub(crate) fn storage(&self) -> Option<&Store> {
        self.storage.get()
    }
}

/// What clients are told.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    /// The folder with the certificates and the key.
    pub(crate) folder: PathBuf,
    /// The port that speaks TLS.
    pub(crate) api_port: u16,
    /// The port of the CONNECT proxy.
    pub(crate) proxy_port: u16,
    /// The project that the service account belongs to.
    pub(crate) project: &'static str,
}

/// The project of people who name none.
pub(crate) const PROJECT: &str = "caddis-local";

impl Here {
    /// The authority's certificate, with those of the machine's own authorities behind it: gRPC takes one file.
    pub(crate) fn roots(&self) -> PathBuf {
        self.folder.join(files::ROOTS)
    }

    /// The key of the service account.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join(files::ACCOUNT)
    }

    /// The file that holds the bearer token.
    pub(crate) fn token(&self) -> PathBuf {
        self.folder.join(files::TOKEN)
    }

    /// The file that holds the secret in the address of the object store.
    pub(crate) fn storage_secret(&self) -> PathBuf {
        self.folder.join(files::STORAGE_SECRET)
    }
}

/// Serves Google's clients from now on; the second call answers what the first one made.
pub(crate) async fn open(face: &Face) -> Result<Here, GoogleError> {
    face.google.here.get_or_try_init(|| begin(face)).await.cloned()
}

/// Serves them again when an earlier server did.
pub(crate) async fn reopen(face: &Face) {
    if !folder(face.assembly.home.path()).join(files::ACCOUNT).exists() {
        return;
    }
    if let Err(error) = open(face).await {
        tracing::error!(error = %error, "Google's clients cannot be served");
    }
}

fn folder(home: &Path) -> PathBuf {
    home.join("google")
}

async fn begin(face: &Face) -> Result<Here, GoogleError> {
    let folder = folder(face.assembly.home.path());
    let store = &*face.assembly.engine.ports.store;
    let api = port::bind(store, "google_api_port").await.map_err(GoogleError::Listen)?;
    let proxy = port::bind(store, "google_proxy_port").await.map_err(GoogleError::Listen)?;
    let (api_port, proxy_port) = (number(&api)?, number(&proxy)?);
    let now = face.assembly.engine.ports.clock.now();
    let place = folder.clone();
    let made = tokio::task::spawn_blocking(move || {
        files::make_folder(&place)?;
        let authority = Authority::open(&place, now)?;
        let account = Account::open(&place, api_port)?;
        let tokens = Tokens::open(&place)?;
        let storage = Store::open(&place.join(files::STORAGE))?;
        Ok::<_, GoogleError>((authority.server(now)?, account, tokens, storage))
    });
    let (tls, account, tokens, storage) = made.await.map_err(|error| GoogleError::Key("the credentials", error.to_string()))??;
    let clock: Arc<dyn Clock> = Arc::clone(&face.assembly.engine.ports.clock);
    let here = Here { folder, api_port, proxy_port, project: PROJECT };
    let variables = variables::variables(&here, tokens.secret());
    let proofs = Arc::new(tokens::Proofs::new(tokens, account, Arc::clone(&clock)));
    let outputs = Arc::new(outputs::Files::new(face));
    let storage = face.google.storage.get_or_init(|| async { storage }).await.clone();
    let (engine, home) = (face.assembly.engine.clone(), face.assembly.home.path());
    let dataproc = Dataproc::new(engine, outputs, storage.clone(), home, variables, init_actions(face));
    let service = Service::new(dataproc, proofs.clone());
    tokio::spawn(workflows::run(face.clone(), service.clone()));
    let (beside, ending, changes) = (service.clone(), face.shutdown.clone(), face.assembly.hub.all());
    tokio::spawn(async move {
        tokio::select! {
            () = beside.beside(changes) => {}
            () = ending.wait() => {}
        }
    });
    let storage = caddis_gcs::Service::new(storage, proofs.clone(), Arc::new(move || clock.now()));
    tokio::spawn(port::accept(face.clone(), front::Front::new(service, storage, proofs), tls, api));
    tokio::spawn(connect::accept(face.clone(), proxy, api_port));
    tracing::info!(api.port = api_port, proxy.port = proxy_port, "Google's clients are served");
    Ok(here)
}

/// Everything here runs as the server does, and what came from a bucket must not be root.
fn init_actions(face: &Face) -> InitActions {
    match face.assembly.run_init_actions {
        false => InitActions::Record,
        true if rustix::process::geteuid().is_root() => InitActions::Refuse(
            "Initialization actions are never run as root, which this server is: run it as another user, or take \
             `dataproc.init_actions` out of caddis.toml",
        ),
        true => InitActions::Run,
    }
}

fn number(listener: &tokio::net::TcpListener) -> Result<u16, GoogleError> {
    listener.local_addr().map(|address| address.port()).map_err(GoogleError::Listen)
}
