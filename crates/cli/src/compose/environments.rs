//! The Python environments in the state folder, as the faces show them.

use std::time::Duration;

use async_trait::async_trait;
use caddis_backends::blocking;
use caddis_backends::local::LocalBackend;
use caddis_backends::local::environment::{self, Entry, EntryState};
use caddis_backends::local::paths::Home;
use caddis_engine::ports::{BackendError, Clock};
use caddis_server::{EnvironmentError, Environments, SystemClock};
use caddis_types::Timestamp;
use caddis_types::api::EnvironmentView;

/// The environments of a state folder; those of living clusters are in use.
pub struct KeptEnvironments {
    /// The state folder.
    pub home: Home,
    /// Knows which are in use.
    pub backend: LocalBackend,
}

impl KeptEnvironments {
    /// Ends what idles in environments that are about to be removed, unless they are in use.
    async fn cool(&self, ids: Vec<String>, used: &[String]) {
        for id in ids {
            let home = self.home.clone();
            match blocking(move || environment::show(home.path(), &id)).await {
                Ok(entry) if !used.contains(&entry.id) => self.backend.cool_environment(&entry.id).await,
                _ => {}
            }
        }
    }

    fn view(&self, entry: Entry, used: &[String]) -> EnvironmentView {
        let state = match entry.state {
            EntryState::Ready => "ready",
            EntryState::Building => "building",
            EntryState::Abandoned => "broken",
        };
        EnvironmentView {
            state: state.to_owned(),
            source: entry.source.map_or_else(|| "unknown".to_owned(), |source| source.to_string()),
            python: Some(entry.versions.python).filter(|version| !version.is_empty()),
            distributed: entry.versions.distributed,
            bytes: Some(entry.size_bytes),
            used_at: entry.used_at.map(Timestamp),
            in_use: entry.in_use || used.contains(&entry.id),
            path: self.home.path().join("environments").join(&entry.id).display().to_string(),
            id: entry.id,
        }
    }
}

fn failed(error: &environment::EnvironmentError) -> BackendError {
    BackendError { code: error.code().to_owned(), message: error.to_string(), hint: Some(error.hint()) }
}

#[async_trait]
impl Environments for KeptEnvironments {
    async fn list(&self) -> Result<Vec<EnvironmentView>, EnvironmentError> {
        let (used, home) = (self.backend.environments_in_use(), self.home.clone());
        let all = blocking(move || environment::list(home.path())).await.map_err(|error| failed(&error))?;
        Ok(all.into_iter().map(|entry| self.view(entry, &used)).collect())
    }

    async fn remove(&self, id: &str) -> Result<(), EnvironmentError> {
        let (used, home, id) = (self.backend.environments_in_use(), self.home.clone(), id.to_owned());
        self.cool(vec![id.clone()], &used).await;
        match blocking(move || environment::remove(home.path(), &id, &used)).await {
            Ok(_) => Ok(()),
            Err(environment::EnvironmentError::NotFound { id }) => Err(EnvironmentError::NotFound(id)),
            Err(error @ environment::EnvironmentError::InUse { .. }) => {
                Err(EnvironmentError::InUse(format!("{error}\nhint: {}", error.hint())))
            }
            Err(error) => Err(failed(&error).into()),
        }
    }

    async fn prune(&self, unused_for: Duration, dry_run: bool) -> Result<Vec<String>, EnvironmentError> {
        let (used, home) = (self.backend.environments_in_use(), self.home.clone());
        let since = SystemClock.now() - unused_for;
        let prune = async |dry_run: bool| {
            let (home, used) = (home.clone(), used.clone());
            let pruned = blocking(move || environment::prune(home.path(), since.0, &used, dry_run)).await;
            let pruned = pruned.map_err(|error| failed(&error))?;
            Ok::<Vec<String>, EnvironmentError>(pruned.removed.into_iter().map(|entry| entry.id).collect())
        };
        let would = prune(true).await?;
        if dry_run {
            return Ok(would);
        }
        self.cool(would, &used).await;
        prune(false).await
    }
}
