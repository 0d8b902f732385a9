//! The environments that there are: shown, removed, pruned.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    error::EnvironmentError,
    facts::Versions,
    folder::{Folder, Record},
    wish::Source,
};

/// In which state an environment's folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Complete.
    Ready,
    /// Somebody is at it.
    Building,
    /// Half made, by a builder that was killed. The next job that needs it makes it anew.
    Abandoned,
}

/// One environment in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Whether it can be used.
    pub state: EntryState,
    /// Where its contents come from; of a half-made one nothing is known.
    pub source: Option<Source>,
    /// What was declared there.
    pub declared: Vec<String>,
    /// What it holds.
    pub versions: Versions,
    /// Its files, counted whole although most are shared with uv's cache.
    pub size_bytes: u64,
    /// How long it took to make.
    pub build_ms: u64,
    /// When it was completed, in microseconds since 1970.
    pub built_at: Option<i64>,
    /// When it was last handed out, in microseconds since 1970.
    pub used_at: Option<i64>,
    /// Somebody holds it at this moment.
    pub in_use: bool,
}

/// What [`prune`] removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The environments.
    pub removed: Vec<Entry>,
    /// Their files together.
    pub bytes: u64,
}

/// All environments, the last used first.
///
/// # Errors
/// When the folder of environments cannot be read.
pub fn list(home: &Path) -> Result<Vec<Entry>, EnvironmentError> {
    let mut entries: Vec<Entry> = ids(home)?.iter().map(|id| entry(home, id)).collect();
    entries.sort_by(|left, right| right.used_at.cmp(&left.used_at).then_with(|| left.id.cmp(&right.id)));
    Ok(entries)
}

/// One environment, by its id or the beginning of it.
///
/// # Errors
/// `environment_not_found`, also when several begin like that.
pub fn show(home: &Path, id: &str) -> Result<Entry, EnvironmentError> {
    let not_found = || EnvironmentError::NotFound { id: id.to_owned() };
    let all = ids(home)?;
    if all.iter().any(|known| known == id) {
        return Ok(entry(home, id));
    }
    let mut begun = all.iter().filter(|known| known.starts_with(id) && !id.is_empty());
    match (begun.next(), begun.next()) {
        (Some(only), None) => Ok(entry(home, only)),
        _ => Err(not_found()),
    }
}

/// Removes an environment. `used` are the ids that jobs still refer to.
///
/// # Errors
/// `environment_not_found`, `environment_in_use`, and what the disk says.
pub fn remove(home: &Path, id: &str, used: &[String]) -> Result<Entry, EnvironmentError> {
    let entry = show(home, id)?;
    let in_use = || EnvironmentError::InUse { id: entry.id.clone() };
    if used.contains(&entry.id) {
        return Err(in_use());
    }
    let folder = Folder::of(home, &entry.id);
    let failed = |error: io::Error| EnvironmentError::io("it was not possible to remove", &folder.path, error);
    let _lock = folder.try_exclusive().map_err(failed)?.ok_or_else(in_use)?;
    folder.remove().map_err(failed)?;
    Ok(entry)
}

/// Removes what nobody has used since `unused_since` (microseconds since 1970), half-made ones, and what an
/// interrupted removal left. With `dry_run` it only says what it would remove.
///
/// # Errors
/// When the folder of environments cannot be read, or one cannot be removed.
pub fn prune(home: &Path, unused_since: i64, used: &[String], dry_run: bool) -> Result<Pruned, EnvironmentError> {
    let mut pruned = Pruned::default();
    let old = |entry: &Entry| match entry.state {
        EntryState::Ready => entry.used_at.or(entry.built_at).unwrap_or(0) < unused_since,
        EntryState::Building => false,
        EntryState::Abandoned => true,
    };
    for entry in list(home)?.into_iter().filter(|entry| old(entry) && !entry.in_use && !used.contains(&entry.id)) {
        if !dry_run {
            match remove_if_still(home, &entry, old) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return Err(EnvironmentError::io("it was not possible to remove", &home.join(&entry.id), error)),
            }
        }
        pruned.bytes += entry.size_bytes;
        pruned.removed.push(entry);
    }
    if !dry_run {
        sweep(home);
    }
    Ok(pruned)
}

/// Looks again under the lock: it may have been handed out or completed since.
fn remove_if_still(home: &Path, seen: &Entry, old: impl Fn(&Entry) -> bool) -> io::Result<bool> {
    let folder = Folder::of(home, &seen.id);
    let Some(_lock) = folder.try_exclusive()? else { return Ok(false) };
    let (built_at, used_at) = folder.times();
    let state = if folder.record().is_some() { EntryState::Ready } else { EntryState::Abandoned };
    if !old(&Entry { state, built_at, used_at, ..seen.clone() }) {
        return Ok(false);
    }
    folder.remove().map(|()| true)
}

/// What an interrupted removal left; nobody can have it.
fn sweep(home: &Path) {
    let entries = fs::read_dir(home.join("environments")).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".removing-")) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(folder = %entry.path().display(), %error, "a removed environment's folder stayed");
        }
    }
}

fn ids(home: &Path) -> Result<Vec<String>, EnvironmentError> {
    let folder = home.join("environments");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| EnvironmentError::io("it was not possible to read", &folder, error))?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.starts_with("env_")).collect())
}

fn entry(home: &Path, id: &str) -> Entry {
    let folder = Folder::of(home, id);
    let in_use = matches!(folder.try_exclusive(), Ok(None));
    let (built_at, used_at) = folder.times();
    let record = folder.record();
    let state = match (&record, in_use) {
        (Some(_), _) => EntryState::Ready,
        (None, true) => EntryState::Building,
        (None, false) => EntryState::Abandoned,
    };
    let known = |record: Record| (Some(record.source), record.declared, record.versions, record.size_bytes, record.build_ms);
    let (source, declared, versions, size_bytes, build_ms) = record.map(known).unwrap_or_default();
    Entry { id: id.to_owned(), state, source, declared, versions, size_bytes, build_ms, built_at, used_at, in_use }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
