//! Putting implementations together: the only place of the binary that names stores and backends.

mod environments;
mod local;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use caddis_backends::local::paths::Home;
use caddis_backends::local::{LocalBackend, LocalOptions, cpus, ram_bytes};
use caddis_engine::{Engine, Ports, Queue};
use caddis_server::{Assembly, Hub, SystemClock, SystemEntropy};
use caddis_store::SqliteStore;

use self::environments::KeptEnvironments;
use self::local::{LocalDashboards, LocalStdin};
use crate::config::{Config, InitActions};
use crate::version;

/// Bytes kept of each output of a job.
const OUTPUT_LIMIT: u64 = 64 << 20;
/// A cluster that neither the server nor a running script wants ends itself after so many seconds.
const LEASE_SECONDS: u64 = 15 * 60;

/// Everything that the server serves, over the state folder `home`. `exe` is the binary that can be a keeper.
pub async fn compose(home: &Path, exe: PathBuf, config: &Config) -> Result<Assembly> {
    let home = Home::new(home);
    let store = SqliteStore::open(&home.database()).await.map_err(told).context("open the database")?;
    let settings = config.settings(home.path()).map_err(|failure| anyhow::anyhow!(failure.text()))?;
    let queue = Queue::default();
    let pool = config.pool.pool(ram_bytes(), cpus());
    let options = LocalOptions { exe, pool, output_limit: OUTPUT_LIMIT, lease_seconds: LEASE_SECONDS };
    let backend = LocalBackend::start(home.clone(), options, queue.clone());
    let hub = Hub::default();
    let ports = Ports {
        store: Arc::new(store),
        backend: Arc::new(backend.clone()),
        dask: Arc::new(backend.links()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        notifier: Arc::new(hub.clone()),
        settings: Arc::new(settings),
    };
    Ok(Assembly {
        engine: Engine::new(ports, queue),
        hub,
        stdin: Arc::new(LocalStdin(backend.clone())),
        environments: Arc::new(KeptEnvironments { home: home.clone(), backend: backend.clone() }),
        dashboards: Arc::new(LocalDashboards { home: home.clone(), backend }),
        home,
        output_limit: OUTPUT_LIMIT,
        retention: config.server.retention.0,
        staging_retention: Some(config.storage.staging_retention.0).filter(|span| !span.is_zero()),
        run_init_actions: config.dataproc.init_actions == InitActions::Run,
        version: version::VERSION.to_owned(),
    })
}

/// A store's own words, with its hint.
fn told(error: caddis_engine::ports::StoreError) -> anyhow::Error {
    match error.hint {
        Some(hint) => anyhow::anyhow!("{}\nhint: {hint}", error.message),
        None => anyhow::anyhow!(error.message),
    }
}
