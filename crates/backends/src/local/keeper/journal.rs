//! `record.json` in each member's folder: written beside, renamed over, never half there.
//!
//! Not every state is worth a flush to the disk. A process that dies takes nothing out of the page cache, so the
//! flush only guards against the machine's death; after that nothing runs, and all that has to be known is which scripts
//! were started: what they did may not bear repeating. So a script's `started` is flushed before it may run and its
//! `ended` right after it was told. Those of schedulers and workers are flushed a moment later, when nobody waits: a
//! flush takes 5 ms of an ordinary disk, and a cluster's start would hold a dozen. `intent` and `ready` are written but
//! not flushed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clock;
use super::wire::{Launch, Record, Stdin};

/// The record, and what the next keeper needs to go on watching the member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(flatten)]
    pub(super) record: Record,
    pub(super) keep: Keep,
}

/// What the launch said about watching.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Keep {
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
    pub(super) memory_limit: Option<u64>,
    pub(super) terminate: f64,
    pub(super) output_limit: Option<u64>,
    pub(super) lease: Option<PathBuf>,
    #[serde(default)]
    pub(super) lease_seconds: Option<u64>,
    /// Its standard input is a FIFO that nobody has asked to close.
    pub(super) stdin_open: bool,
}

impl Keep {
    pub(super) fn of(launch: &Launch) -> Self {
        Self {
            stdout: launch.stdout.clone(),
            stderr: launch.stderr.clone(),
            memory_limit: launch.memory_limit,
            terminate: launch.terminate,
            output_limit: launch.output_limit,
            lease: launch.lease.clone(),
            lease_seconds: launch.lease_seconds,
            stdin_open: launch.stdin == Stdin::Fifo,
        }
    }
}

const NAME: &str = "record.json";

/// Puts a record in place, so that no reader ever sees half of it. Survives this process, not the machine.
pub(super) fn write(stored: &Stored) -> io::Result<()> {
    prepare(stored)?;
    publish(stored)
}

/// Puts records in place and on the disk, and says how each went. In steps, so that one commit of the file system
/// serves all of a burst.
pub(super) fn write_durably(all: &[&Stored]) -> Vec<io::Result<()>> {
    let files: Vec<io::Result<File>> = all.iter().map(|stored| prepare(stored)).collect();
    let flushed: Vec<io::Result<()>> = files.into_iter().map(|file| file?.sync_all()).collect();
    let published: Vec<io::Result<()>> = all
        .iter()
        .zip(flushed)
        .map(|(stored, flushed)| flushed.and_then(|()| publish(stored)))
        .collect();
    let flush_folder = |stored: &Stored| File::open(&stored.record.folder)?.sync_all();
    all.iter()
        .zip(published)
        .map(|(stored, done)| done.and_then(|()| flush_folder(stored)))
        .collect()
}

/// Flushes what `write` put in place, and says how each went. In steps, as above.
pub(super) fn flush(folders: &[&Path]) -> Vec<io::Result<()>> {
    let files: Vec<io::Result<()>> = folders
        .iter()
        .map(|folder| File::open(folder.join(NAME))?.sync_all())
        .collect();
    let flush_folder = |folder: &Path| File::open(folder)?.sync_all();
    folders
        .iter()
        .zip(files)
        .map(|(folder, file)| file.and_then(|()| flush_folder(folder)))
        .collect()
}

/// Takes the record away; that there is none is fine.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn prepare(stored: &Stored) -> io::Result<File> {
    let path = stored.record.folder.join("record.json.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&serde_json::to_vec(stored)?)?;
    Ok(file)
}

fn publish(stored: &Stored) -> io::Result<()> {
    let folder = &stored.record.folder;
    fs::rename(folder.join("record.json.new"), folder.join(NAME))
}

/// A record that could not be read.
pub(super) struct Damaged {
    pub(super) cluster: String,
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) what: String,
}

/// Reads every record under `home`. A damaged one is moved aside and told, for it must not stop the others.
pub(super) fn load(home: &Path) -> (Vec<Stored>, Vec<Damaged>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for cluster in names(&home.join("clusters")) {
        let members = home.join("clusters").join(&cluster).join("members");
        for name in names(&members) {
            let folder = members.join(&name);
            match read(&folder, &cluster, &name) {
                Ok(Some(stored)) => good.push(stored),
                Ok(None) => {}
                Err(what) => bad.push(set_aside(Damaged {
                    cluster: cluster.clone(),
                    name,
                    folder,
                    what,
                })),
            }
        }
    }
    (good, bad)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn read(folder: &Path, cluster: &str, name: &str) -> Result<Option<Stored>, String> {
    let text = match fs::read(folder.join(NAME)) {
        Ok(text) => text,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.to_string()),
    };
    let mut stored: Stored = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if stored.record.key != format!("{cluster}/{name}") {
        return Err(format!("it speaks of `{}`", stored.record.key));
    }
    folder.clone_into(&mut stored.record.folder);
    Ok(Some(stored))
}

fn set_aside(damaged: Damaged) -> Damaged {
    let aside = damaged
        .folder
        .join(format!("{NAME}.damaged-{}", clock::wall()));
    let moved = fs::rename(damaged.folder.join(NAME), &aside);
    let what = match moved {
        Ok(()) => format!("{}; moved aside to `{}`", damaged.what, aside.display()),
        Err(error) => format!("{}; cannot be moved aside: {error}", damaged.what),
    };
    Damaged { what, ..damaged }
}
