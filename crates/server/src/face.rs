//! What every endpoint may touch.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use caddis_engine::ports::{ClusterFilter, JobFilter, StoreError};
use caddis_types::Timestamp;

use crate::Assembly;
use crate::activity::Activity;
use crate::auth::Sessions;
use crate::google::Google;
use crate::logs::Watches;
use crate::shutdown::Shutdown;

/// The assembly and what this process adds. Clones share everything.
#[derive(Clone)]
pub(crate) struct Face(Arc<Parts>);

/// See [`Face`].
pub(crate) struct Parts {
    pub(crate) assembly: Assembly,
    pub(crate) sessions: Sessions,
    pub(crate) activity: Activity,
    pub(crate) shutdown: Shutdown,
    pub(crate) watches: Watches,
    pub(crate) started_at: Timestamp,
    /// The loopback port for browsers, once it is bound.
    pub(crate) port: OnceLock<u16>,
    /// Where Google's clients find us, once somebody asked for it.
    pub(crate) google: Google,
}

impl Face {
    pub(crate) fn new(assembly: Assembly) -> Face {
        let started_at = assembly.engine.ports.clock.now();
        Face(Arc::new(Parts {
            assembly,
            sessions: Sessions::default(),
            activity: Activity::new(),
            shutdown: Shutdown::default(),
            watches: Watches::start(),
            started_at,
            port: OnceLock::new(),
            google: Google::default(),
        }))
    }

    /// Where a browser finds this server.
    pub(crate) fn base(&self) -> Option<String> {
        self.port.get().map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// How many jobs and clusters have not ended, whoever's they are.
    pub(crate) async fn active(&self) -> Result<(usize, usize), StoreError> {
        let store = &self.assembly.engine.ports.store;
        let jobs = store.jobs(&JobFilter { active: true, ..JobFilter::default() }).await?;
        let clusters = store.clusters(&ClusterFilter { active: true, ..ClusterFilter::default() }).await?;
        Ok((jobs.len(), clusters.len()))
    }
}

impl Deref for Face {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
