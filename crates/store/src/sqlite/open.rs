//! Opening a state file: made private, known for one of ours, brought to the schema of this binary.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use caddis_engine::ports::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::fault::{self, explain, explain_opening, fault};
use super::schema;

/// What an acknowledged commit survives. `examples/measure.rs` shows what each costs: on a virtual disk one commit took
/// 0.13 ms against 0.5 ms, and disks of one's own are often ten times slower at it. What runs on this machine ends with
/// its power as well, so the cheaper one is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of this process, however sudden: the log is in the system's memory when a commit is answered. A loss
    /// of power may take the last commits, never a part of one, and never damages the file (`synchronous = NORMAL`).
    #[default]
    Process,
    /// A loss of power as well: each batch of commits waits for the disk (`synchronous = FULL`).
    Power,
}

/// How a state file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// What an acknowledged commit survives.
    pub durability: Durability,
    /// How long a lock of another process is waited for.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions { durability: Durability::default(), busy_timeout: Duration::from_secs(5) }
    }
}

/// Connections that read at one time.
const READERS: u32 = 3;
/// Pages in the log after which a commit must wait for them to be moved into the file; 16 MiB. The writer does it
/// earlier, when nobody waits.
const LOG_PAGES: u32 = 4096;
/// Page caches in KiB. Small: the system caches the file as well, and a server is to idle under 30 MB.
const WRITER_CACHE_KIB: i32 = 1024;
const READER_CACHE_KIB: i32 = 512;

/// Makes or opens the file; answers the writer's connection, how to connect it anew, and the readers.
pub(super) async fn open(
    path: &Path,
    options: SqliteOptions,
) -> Result<(SqliteConnection, SqliteConnectOptions, SqlitePool), StoreError> {
    let made = make_private(path)?;
    match connect(path, options).await {
        Ok((writer, how)) => Ok((writer, how, readers(path, options))),
        Err(error) => {
            if made {
                remove(path);
            }
            Err(error)
        }
    }
}

async fn connect(path: &Path, options: SqliteOptions) -> Result<(SqliteConnection, SqliteConnectOptions), StoreError> {
    recognise(path, options).await?;
    let how = writer_options(path, options);
    let mut writer = how.connect().await.map_err(|error| explain_opening(path, &error))?;
    require_wal(&mut writer, path).await?;
    schema::migrate(&mut writer, path).await?;
    Ok((writer, how))
}

/// Looks at an existing file before anything is written to it: turning on the write-ahead log changes a file, and
/// this might be somebody else's.
async fn recognise(path: &Path, options: SqliteOptions) -> Result<(), StoreError> {
    let mut connection = plain(path, options).connect().await.map_err(|error| explain_opening(path, &error))?;
    let checked = schema::check(&mut connection, path).await;
    connection.close().await.map_err(|error| explain(path, &error))?;
    checked
}

fn plain(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(options.busy_timeout)
        .disable_statement_logging()
}

fn writer_options(path: &Path, options: SqliteOptions) -> SqliteConnectOptions {
    let synchronous = match options.durability {
        Durability::Process => SqliteSynchronous::Normal,
        Durability::Power => SqliteSynchronous::Full,
    };
    plain(path, options)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", LOG_PAGES.to_string())
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", (-WRITER_CACHE_KIB).to_string())
        .thread_name(|_| "store-writer".to_owned())
}

fn readers(path: &Path, options: SqliteOptions) -> SqlitePool {
    let how = plain(path, options)
        .read_only(true)
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", (-READER_CACHE_KIB).to_string())
        .thread_name(|number| format!("store-reader-{number}"));
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .idle_timeout(Duration::from_secs(60))
        // A connection to a file does not go stale by itself, and asking it would double the cost of every read.
        .test_before_acquire(false)
        .connect_lazy_with(how)
}

/// Where the log cannot be shared between processes, as on many network file systems, SQLite stays with its old
/// journal without a word, and readers would block the writer.
async fn require_wal(writer: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.map_err(|error| explain_opening(path, &error))?;
    if mode == "wal" {
        return Ok(());
    }
    let message = format!("the file system of `{}` does not allow a write-ahead log", path.display());
    Err(fault("failed", message, "set `CADDIS_HOME` to a folder on a local disk"))
}

/// Makes the file when it is missing (answers true), readable by its owner only. SQLite gives the files beside it the
/// same mode. An existing one is never opened here: closing it would drop SQLite's own locks of this process.
fn make_private(path: &Path) -> Result<bool, StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => tighten(path).map(|()| false),
        Err(error) => Err(cannot_make(path, &error)),
    }
}

fn tighten(path: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(path).map_err(|error| cannot_make(path, &error))?;
    if !found.is_file() {
        let message = format!("the state file `{}` is not a file", path.display());
        return Err(fault("failed", message, "move it away, or set `CADDIS_HOME` to another folder"));
    }
    if found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    for file in beside(path) {
        match fs::set_permissions(&file, Permissions::from_mode(0o600)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot_make(&file, &error)),
        }
    }
    Ok(())
}

fn cannot_make(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => fault::read_only(path),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => fault::disk_full(path),
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let message = format!("the folder of the state file `{}` is not there", path.display());
            fault("failed", message, "make it, or set `CADDIS_HOME` to one that exists")
        }
        _ => fault::failed(path, error),
    }
}

/// What failed to become a state file is not left behind. It held nothing.
fn remove(path: &Path) {
    for file in beside(path) {
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::info!(file = %file.display(), %error, "a state file that was just begun could not be removed");
        }
    }
}

/// The file and its companions.
fn beside(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}
