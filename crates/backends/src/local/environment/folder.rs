//! The folder of one environment, and the lock that says who may do what with it.
//!
//! ```text
//! environments/<id>/venv/               the virtual environment
//! environments/<id>/requirements.txt    what was installed, with hashes
//! environments/<id>/environment.json    written last: without it the folder is half made
//! environments/<id>/used                its time is that of the last use
//! environments/.locks/<id>              exclusive: being built or removed; shared: in use
//! ```

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustix::fs::{AtFlags, CWD, FlockOperation, Timespec, Timestamps, UTIME_NOW, flock, utimensat};
use serde::{Deserialize, Serialize};

use super::{error::EnvironmentError, facts::Versions, wish::Source};

/// How often a held lock is tried again. Waiting in the kernel could not be cancelled.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// What `environment.json` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub id: String,
    pub source: Source,
    pub declared: Vec<String>,
    pub interpreter: PathBuf,
    pub versions: Versions,
    pub fingerprint: String,
    pub size_bytes: u64,
    pub build_ms: u64,
    pub notices: Vec<String>,
}

/// The place of one environment.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub path: PathBuf,
    lock: PathBuf,
}

impl Folder {
    pub(super) fn of(home: &Path, id: &str) -> Self {
        let all = home.join("environments");
        Self { path: all.join(id), lock: all.join(".locks").join(id) }
    }

    pub(super) fn venv(&self) -> PathBuf {
        self.path.join("venv")
    }

    pub(super) fn python(&self) -> PathBuf {
        self.venv().join("bin/python")
    }

    /// What was written when it was completed; `None` when it is not complete.
    pub(super) fn record(&self) -> Option<Record> {
        let bytes = fs::read(self.path.join("environment.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Declares the folder complete.
    pub(super) fn complete(&self, record: &Record) -> Result<(), EnvironmentError> {
        let failed = |error| EnvironmentError::io("it was not possible to write into", &self.path, error);
        let text = serde_json::to_vec_pretty(record).map_err(|error| failed(error.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(&self.path).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(self.path.join("environment.json")).map_err(|error| failed(error.error))?;
        self.touch();
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Notes that it is used now. A folder that cannot be written to is used all the same.
    pub(super) fn touch(&self) {
        let used = self.path.join("used");
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        if utimensat(CWD, &used, &times, AtFlags::empty()).is_err() {
            let _ = File::create(used);
        }
    }

    /// When it was completed and when it was last used, in microseconds since 1970.
    pub(super) fn times(&self) -> (Option<i64>, Option<i64>) {
        let of = |name: &str| fs::metadata(self.path.join(name)).ok().map(|metadata| metadata.mtime() * 1_000_000 + metadata.mtime_nsec() / 1_000);
        (of("environment.json"), of("used"))
    }

    /// Removes the folder, whole at once for all who look at it. The caller holds the exclusive lock.
    pub(super) fn remove(&self) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let aside = self.path.with_file_name(format!(".removing-{name}-{}", rustix::process::getpid().as_raw_nonzero()));
        match fs::rename(&self.path, &aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => fs::remove_dir_all(&aside),
        }
    }

    /// Takes it exclusively if nobody has it.
    pub(super) fn try_exclusive(&self) -> io::Result<Option<Lock>> {
        Lock::attempt(&self.lock, FlockOperation::NonBlockingLockExclusive)
    }

    /// Takes it shared unless somebody builds or removes it. `Ok(None)` means that somebody does.
    pub(super) fn try_shared(&self) -> io::Result<Option<Lock>> {
        Lock::attempt(&self.lock, FlockOperation::NonBlockingLockShared)
    }
}

/// A held lock; it ends when the last clone, and the last process that was given its file, is gone.
#[derive(Debug, Clone)]
pub(super) struct Lock(Arc<File>);

impl Lock {
    /// Takes a lock exclusively, trying again until it is free.
    pub(super) async fn exclusive(path: &Path) -> Result<Self, EnvironmentError> {
        let failed = |error| EnvironmentError::io("it was not possible to lock", path, error);
        loop {
            if let Some(lock) = Self::attempt(path, FlockOperation::NonBlockingLockExclusive).map_err(failed)? {
                return Ok(lock);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A handle that keeps the lock, for a process that works under it.
    pub(super) fn file(&self) -> io::Result<File> {
        self.0.try_clone()
    }

    fn attempt(path: &Path, operation: FlockOperation) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match flock(&file, operation) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // Whoever removed the environment may have removed this file between the two calls.
            let same = fs::metadata(path).is_ok_and(|there| file.metadata().is_ok_and(|here| here.ino() == there.ino()));
            if same {
                return Ok(Some(Self(Arc::new(file))));
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_exclude_builders_and_each_other_not() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::of(home.path(), "x");
        let first = folder.try_shared().unwrap().unwrap();
        let second = folder.try_shared().unwrap().unwrap();
        assert!(folder.try_exclusive().unwrap().is_none());
        drop((first, second));
        let builder = folder.try_exclusive().unwrap().unwrap();
        assert!(folder.try_shared().unwrap().is_none());
        let given_away = builder.file().unwrap();
        drop(builder);
        assert!(folder.try_shared().unwrap().is_none(), "a process that was given the lock still holds it");
        drop(given_away);
        assert!(folder.try_shared().unwrap().is_some());
    }

    #[test]
    fn a_lock_whose_file_was_removed_is_taken_anew() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::of(home.path(), "x");
        let held = folder.try_exclusive().unwrap().unwrap();
        fs::remove_file(&folder.lock).unwrap();
        assert!(folder.try_exclusive().unwrap().is_some(), "the new file is another lock");
        drop(held);
    }
}
