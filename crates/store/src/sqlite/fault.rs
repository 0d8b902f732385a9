//! What SQLite's errors mean for people: a code, what is true of which file, and what to do.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use caddis_engine::ports::StoreError;

// Primary result codes, https://www.sqlite.org/rescode.html; the low byte of what sqlx reports.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;
// Extended ones.
const IOERR_SHMSIZE: i32 = IOERR | 19 << 8;
const CONSTRAINT_PRIMARYKEY: i32 = 19 | 6 << 8;
const CONSTRAINT_UNIQUE: i32 = 19 | 8 << 8;

/// SQLite's extended result code, when it is SQLite that failed.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether a row was refused because one of its keys is there already.
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CONSTRAINT_PRIMARYKEY | CONSTRAINT_UNIQUE))
}

/// An error of the store with its hint.
pub(super) fn fault(code: &'static str, message: String, hint: &str) -> StoreError {
    StoreError { code, message, hint: Some(hint.to_owned()) }
}

/// What an error of sqlx means for the state file at `path`.
pub(super) fn explain(path: &Path, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut => busy(path),
        sqlx::Error::PoolClosed => closed(path),
        other => match code(other) {
            Some(code) => by_code(path, code, other),
            None => failed(path, other),
        },
    }
}

/// The same while the file is being opened, when files beside it must be made.
pub(super) fn explain_opening(path: &Path, error: &sqlx::Error) -> StoreError {
    if code(error).is_none_or(|code| code & 0xff != CANTOPEN) {
        return explain(path, error);
    }
    // SQLite does not say which of its files it could not open. The file itself was there a moment ago, so it is
    // either not ours to read, or the log beside it could not be made.
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => denied(path),
        _ => read_only(path),
    }
}

fn by_code(path: &Path, code: i32, error: &sqlx::Error) -> StoreError {
    match (code, code & 0xff) {
        // The index of the log is a memory map, that SQLite extends byte by byte: only a full disk refuses that.
        (IOERR_SHMSIZE, _) | (_, FULL) => disk_full(path),
        (_, READONLY) => read_only(path),
        (_, CORRUPT) => corrupt(path, "is damaged"),
        (_, NOTADB) => corrupt(path, "is not an SQLite file"),
        (_, BUSY | LOCKED) => busy(path),
        (_, IOERR) => fault(
            "failed",
            format!("the disk under the state file `{}` failed: {error}", path.display()),
            "the system's log (`dmesg`) says more about the disk",
        ),
        _ => failed(path, error),
    }
}

pub(super) fn disk_full(path: &Path) -> StoreError {
    let message = format!("the disk of the state file `{}` is full; the change was not made", path.display());
    fault("disk_full", message, "make room there, for example with `caddis prune`, and try again")
}

pub(super) fn read_only(path: &Path) -> StoreError {
    let message = format!("the state file `{}` or its folder cannot be written", path.display());
    fault("read_only", message, "check who owns them and how the disk is mounted, or set `CADDIS_HOME` to another folder")
}

pub(super) fn denied(path: &Path) -> StoreError {
    let message = format!("the state file `{}` may not be read by this user", path.display());
    fault("denied", message, "run as its owner, or set `CADDIS_HOME` to a folder of your own")
}

pub(super) fn corrupt(path: &Path, how: &str) -> StoreError {
    let message = format!("the state file `{}` {how}", path.display());
    fault("corrupt", message, "put back a copy, or move it away (with its `-wal` and `-shm`) to begin anew")
}

pub(super) fn busy(path: &Path) -> StoreError {
    let message = format!("the state file `{}` is locked by another process", path.display());
    fault("busy", message, "`fuser` shows who has it open; end that process, or try again")
}

pub(super) fn closed(path: &Path) -> StoreError {
    StoreError { code: "failed", message: format!("the state file `{}` was closed", path.display()), hint: None }
}

pub(super) fn failed(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError { code: "failed", message: format!("the state file `{}` failed: {error}", path.display()), hint: None }
}
