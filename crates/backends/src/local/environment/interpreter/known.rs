//! What interpreters answered before, so that a warm start runs none of them.
//!
//! An answer holds for a path as long as the link, the file behind it and a virtual environment's configuration are
//! unchanged. The file may be lost, damaged or impossible to write: then they are asked again, nothing else.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Interpreter, probe::probe};

/// Raised when the question changes.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    stamp: Vec<i64>,
    says: Result<Interpreter, String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    format: u32,
    answers: BTreeMap<PathBuf, Answer>,
}

/// The remembered answers of one state folder.
#[derive(Debug)]
pub(super) struct Known {
    file: PathBuf,
    stored: Stored,
    changed: bool,
}

impl Known {
    pub(super) fn load(home: &Path) -> Self {
        let file = home.join("cache/interpreters.json");
        let read = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
        let stored = read.filter(|stored| stored.format == FORMAT).unwrap_or_default();
        Self { file, stored, changed: false }
    }

    /// What each path answers, from memory where that still holds, the rest all at once.
    pub(super) async fn ask(&mut self, paths: &[PathBuf]) -> Vec<Result<Interpreter, String>> {
        let stamps: Vec<Vec<i64>> = paths.iter().map(|path| stamp(path)).collect();
        let fresh = |path: &PathBuf, stamp: &Vec<i64>| self.stored.answers.get(path).is_none_or(|answer| &answer.stamp != stamp);
        let asked: Vec<PathBuf> = paths.iter().zip(&stamps).filter(|(path, stamp)| fresh(path, stamp)).map(|(path, _)| path.clone()).collect();
        let answers = probe_all(asked).await;
        for (path, stamp) in paths.iter().zip(stamps) {
            if let Some(says) = answers.get(path).cloned() {
                self.stored.answers.insert(path.clone(), Answer { stamp, says });
                self.changed = true;
            }
        }
        paths.iter().map(|path| self.stored.answers[path].says.clone()).collect()
    }

    /// Asks without remembering: shims answer differently from folder to folder.
    pub(super) async fn ask_afresh(&self, paths: &[PathBuf]) -> Vec<Result<Interpreter, String>> {
        let mut answers = probe_all(paths.to_vec()).await;
        paths.iter().filter_map(|path| answers.remove(path)).collect()
    }

    /// Writes what is new; failing at it costs time later and nothing else.
    pub(super) fn save(&mut self) {
        if !self.changed {
            return;
        }
        self.stored.format = FORMAT;
        self.stored.answers.retain(|path, _| path.symlink_metadata().is_ok());
        if let Err(error) = self.write() {
            tracing::debug!(file = %self.file.display(), %error, "what interpreters answered was not kept");
        }
    }

    fn write(&self) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&self.stored)?)?;
        file.persist(&self.file)?;
        Ok(())
    }
}

async fn probe_all(paths: Vec<PathBuf>) -> BTreeMap<PathBuf, Result<Interpreter, String>> {
    let mut running = tokio::task::JoinSet::new();
    for path in paths {
        running.spawn(async move { (path.clone(), probe(&path).await) });
    }
    running.join_all().await.into_iter().collect()
}

fn stamp(path: &Path) -> Vec<i64> {
    let configuration = path.parent().and_then(Path::parent).map(|prefix| prefix.join("pyvenv.cfg"));
    let parts = [path.symlink_metadata().ok(), path.metadata().ok(), configuration.and_then(|file| file.metadata().ok())];
    let numbers = |metadata: fs::Metadata| {
        [metadata.mtime(), metadata.mtime_nsec(), metadata.ino().cast_signed(), metadata.size().cast_signed(), metadata.mode().into()]
    };
    parts.into_iter().flatten().flat_map(numbers).collect()
}
