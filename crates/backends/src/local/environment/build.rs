//! Making an environment, once, and handing it out.

use std::{fs, io, path::{Path, PathBuf}};

use super::{
    error::EnvironmentError,
    facts::{self, Versions},
    folder::{Folder, Lock, PAUSE, Record},
    identity, install,
    interpreter::{self, Interpreter},
    uv::{self, Progress, Uv},
    wish::{EnvironmentPlan, Recipe, Source, Stage},
};
use crate::blocking;

/// An environment that can run Dask. While it or a clone lives, Caddis does not remove it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its id; equal ids are equal environments.
    pub id: String,
    /// The interpreter to start.
    pub python: PathBuf,
    /// What it holds.
    pub versions: Versions,
    /// Changes when a package in it does; part of a fork server's key.
    pub fingerprint: String,
    /// Where its contents come from.
    pub source: Source,
    /// Things that the user should be told.
    pub notices: Vec<String>,
    _hold: Option<Lock>,
}

/// Makes the plan's environment exist. With an existing one this starts no process.
///
/// Dropping the future ends the build and what it started, and removes what was made so far.
///
/// # Errors
/// Any [`EnvironmentError`] of finding an interpreter, obtaining uv, resolving, downloading, building or installing.
pub async fn ensure(
    home: &Path,
    plan: &EnvironmentPlan,
    progress: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Environment, EnvironmentError> {
    progress(Stage::Interpreter);
    if let Recipe::AsIs { python } = &plan.recipe {
        return as_is(home, plan, python).await;
    }
    let interpreter = interpreter::choose(home, plan).await?;
    let id = identity::id(plan, &interpreter);
    let folder = Folder::of(home, &id);
    let mut waiting = false;
    loop {
        let (there, asked) = (folder.clone(), plan.clone());
        if let Some(environment) = blocking(move || existing(&there, &asked)).await? {
            return Ok(environment);
        }
        if let Some(lock) = folder.try_exclusive().map_err(|error| cannot_lock(&folder, error))? {
            make(home, plan, &interpreter, &folder, lock, progress).await?;
            continue;
        }
        if !std::mem::replace(&mut waiting, true) {
            progress(Stage::Waiting);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn cannot_lock(folder: &Folder, error: io::Error) -> EnvironmentError {
    EnvironmentError::io("it was not possible to lock", &folder.path, error)
}

/// An environment that somebody else made.
async fn as_is(home: &Path, plan: &EnvironmentPlan, python: &Path) -> Result<Environment, EnvironmentError> {
    let interpreter = interpreter::at(home, python).await?;
    let (version, folders) = (interpreter.version.to_string(), interpreter.site_packages.clone());
    let (versions, fingerprint) =
        blocking(move || (facts::facts(&version, &folders), facts::fingerprint(&folders))).await;
    let place = plan.source.to_string();
    facts::check(&versions, &place, "install it there (`pip install \"dask[distributed]\"`), or give the script a PEP 723 header")?;
    Ok(Environment {
        id: identity::id(plan, &interpreter),
        python: python.to_path_buf(),
        fingerprint,
        notices: [plan.notices.clone(), without_dashboard(&versions)].concat(),
        versions,
        source: plan.source.clone(),
        _hold: None,
    })
}

/// The environment if it is complete and as it was made. One that was changed is made anew, unless it is in use.
fn existing(folder: &Folder, plan: &EnvironmentPlan) -> Result<Option<Environment>, EnvironmentError> {
    let mut hold = match folder.try_shared() {
        Ok(None) => return Ok(None),
        Ok(hold) => hold,
        // A state folder that cannot be written to still serves what it has.
        Err(_) if folder.record().is_some() => None,
        Err(error) => return Err(cannot_lock(folder, error)),
    };
    let Some(record) = folder.record().filter(|_| folder.python().exists()) else { return Ok(None) };
    let fingerprint = facts::fingerprint(&facts::site_packages_of(&folder.venv()));
    let mut notices = [plan.notices.clone(), record.notices].concat();
    if fingerprint != record.fingerprint {
        if nobody_else_holds(folder, hold.take()) {
            return Ok(None);
        }
        hold = folder.try_shared().ok().flatten();
        notices.push(format!("packages in `{}` were changed since it was built", folder.path.display()));
    }
    folder.touch();
    Ok(Some(Environment {
        id: record.id,
        python: folder.python(),
        versions: record.versions,
        fingerprint,
        source: plan.source.clone(),
        notices,
        _hold: hold,
    }))
}

async fn make(
    home: &Path,
    plan: &EnvironmentPlan,
    interpreter: &Interpreter,
    folder: &Folder,
    lock: Lock,
    progress: Progress<'_>,
) -> Result<(), EnvironmentError> {
    if is_intact(folder) {
        return Ok(());
    }
    let unfinished = Unfinished(Some((folder.clone(), lock.clone())));
    let filled = fill(home, plan, interpreter, folder, &lock, progress).await;
    match filled {
        Ok(()) => unfinished.finished(),
        Err(_) => unfinished.clean().await,
    }
    filled
}

/// From whatever is in the folder to a complete environment. The caller holds the exclusive lock.
async fn fill(
    home: &Path,
    plan: &EnvironmentPlan,
    interpreter: &Interpreter,
    folder: &Folder,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<(), EnvironmentError> {
    let started = tokio::time::Instant::now();
    let failed = |error| EnvironmentError::io("no environment could be made in", &folder.path, error);
    // The lock stays with the removal: one that outlives this future must not meet the next one's build.
    let (old, held) = (folder.clone(), lock.clone());
    let emptied = blocking(move || {
        let emptied = old.remove().and_then(|()| fs::create_dir_all(&old.path));
        drop(held);
        emptied
    });
    emptied.await.map_err(failed)?;
    let uv = Uv {
        program: uv::obtain(home, plan, interpreter, progress).await?,
        variables: uv::variables(home, plan, &interpreter.prefix),
        cwd: folder.path.clone(),
        lock: Some(lock.file().map_err(failed)?),
        refresh: !plan.local.is_empty(),
        python: interpreter.version.to_string(),
    };
    let (versions, notices) = install::install(&uv, plan, interpreter, folder, progress).await?;
    let made = folder.clone();
    let (fingerprint, size_bytes) =
        blocking(move || (facts::fingerprint(&facts::site_packages_of(&made.venv())), size(&made.path))).await;
    let record = Record {
        id: identity::id(plan, interpreter),
        source: plan.source.clone(),
        declared: plan.declared.clone(),
        interpreter: interpreter.path.clone(),
        notices: [notices, without_dashboard(&versions)].concat(),
        versions,
        fingerprint,
        size_bytes,
        build_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    folder.complete(&record)
}

/// Removes the folder of a build that failed, or that was cancelled: then on a thread of its own, since a dropped
/// future has no other. The lock is held until the folder is gone.
struct Unfinished(Option<(Folder, Lock)>);

impl Unfinished {
    fn finished(mut self) {
        self.0 = None;
    }

    async fn clean(mut self) {
        let taken = self.0.take();
        let _ = tokio::task::spawn_blocking(move || taken.into_iter().for_each(discard)).await;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(taken) = self.0.take() {
            std::thread::spawn(move || discard(taken));
        }
    }
}

fn discard((folder, lock): (Folder, Lock)) {
    if let Err(error) = folder.remove() {
        tracing::warn!(folder = %folder.path.display(), %error, "a half-made environment was not removed");
    }
    drop(lock);
}

/// Only for a moment: whoever then makes it anew takes the lock properly.
fn nobody_else_holds(folder: &Folder, ours: Option<Lock>) -> bool {
    drop(ours);
    matches!(folder.try_exclusive(), Ok(Some(_)))
}

fn is_intact(folder: &Folder) -> bool {
    let fingerprint = || facts::fingerprint(&facts::site_packages_of(&folder.venv()));
    folder.python().exists() && folder.record().is_some_and(|record| record.fingerprint == fingerprint())
}

fn without_dashboard(versions: &Versions) -> Vec<String> {
    let missing = versions.bokeh.is_none().then(|| "it has no `bokeh`, so there is no Dask dashboard".to_owned());
    missing.into_iter().collect()
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}
