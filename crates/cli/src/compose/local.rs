//! What the faces need of the local backend: the end of a script's input, and the way to a dashboard.

use std::path::PathBuf;

use async_trait::async_trait;
use caddis_backends::local::LocalBackend;
use caddis_backends::local::paths::Home;
use caddis_engine::ports::BackendError;
use caddis_server::{Dashboards, Stdin};
use caddis_types::ClusterId;

/// Standard inputs of scripts on this machine.
pub struct LocalStdin(pub LocalBackend);

#[async_trait]
impl Stdin for LocalStdin {
    async fn close(&self, cluster: &ClusterId, member: &str) -> Result<(), BackendError> {
        self.0.close_stdin(cluster, member).await
    }
}

/// Dashboards of schedulers on this machine.
pub struct LocalDashboards {
    /// The state folder.
    pub home: Home,
    /// Tells schedulers where their dashboards are reached.
    pub backend: LocalBackend,
}

impl Dashboards for LocalDashboards {
    fn secret_file(&self, cluster: &ClusterId) -> PathBuf {
        self.home.http_secret(cluster)
    }

    fn reached_at(&self, base: &str) {
        self.backend.set_dashboard_base(base.to_owned());
    }
}
