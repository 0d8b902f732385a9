//! A store whose disk fills up, is read-only, or whose file somebody else has locked, and what comes after.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use caddis_engine::ports::{Change, CommitError, JobFilter, Store};
use caddis_store::SqliteStore;
use caddis_store::sqlite::SqliteOptions;
use sqlx::{Connection, SqliteConnection};

use crate::child;
use crate::support::{event, job, job_id, variables};

/// Runs shell lines with a small disk of their own at `$1`; `$2` and what follows starts this binary. Answers the
/// output, or nothing where the machine does not let us mount.
fn on_a_small_disk(role: &str, size: &str, lines: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = std::env::current_exe().expect("a process knows its program");
    let own = if child::is_root() { "-m" } else { "-rm" };
    let script = format!(
        "mount -t tmpfs -o size={size} tmpfs \"$1\" || {{ echo cannot mount; exit 0; }}\nset -e\ndisk=$1; shift\n{lines}"
    );
    let mut command = Command::new("unshare");
    command.args([own, "sh", "-c", &script, "sh"]).arg(folder.path()).args(child::words(&program));
    let output = match child::cast(&mut command, role, &folder.path().join("state.db")).output() {
        Ok(output) => output,
        Err(error) => return skip(&error.to_string()),
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    if text.contains("cannot mount") || errors.contains("unshare failed") {
        return skip(&errors);
    }
    assert!(output.status.success(), "{text}\n{errors}");
    Some(text)
}

fn skip(why: &str) -> Option<String> {
    caddis_testkit::skip("mounts", &format!("this machine does not let the test mount a disk: {why}"));
    None
}

/// The child on a disk of 2 MiB: fills it, makes room, goes on.
pub(crate) async fn fill_the_disk(file: &Path) {
    let ballast = file.with_file_name("ballast");
    fs::write(&ballast, vec![0; 512 * 1024]).expect("there is room for it");
    let store = SqliteStore::open(file).await.expect("there is room for a new file");
    let mut made = 0;
    let refused = loop {
        match store.commit(large(made + 1)).await {
            Ok(()) => made += 1,
            Err(CommitError::Store(error)) => break error,
            Err(other) => panic!("it is the disk that refuses, and yet: {other:?}"),
        }
        assert!(made < 1000, "a disk of 2 MiB is never full");
    };
    assert_eq!((refused.code, refused.hint.is_some()), ("disk_full", true), "{refused:?}");
    assert!(made > 0, "there was room for some");
    // Still full, still the same answer; and what was made can be read.
    let again = store.commit(large(made + 1)).await;
    assert!(matches!(&again, Err(CommitError::Store(error)) if error.code == "disk_full"), "{again:?}");
    assert_eq!(store.jobs(&JobFilter::default()).await.expect("it can be read").len() as u64, made);

    fs::remove_file(ballast).expect("it was ours");
    store.commit(large(made + 1)).await.expect("there is room again");
    let told = store.events(0, None, 0).await.expect("it can be read");
    assert_eq!(told.len() as u64, made + 1, "the changes that were refused left nothing");
    store.close().await;
    child::tell("done");
}

fn large(number: u64) -> Change {
    let id = job_id(number).to_string();
    Change {
        jobs: vec![job(number)],
        variables: vec![(id.clone(), variables(&[("LARGE", &"x".repeat(20_000))]))],
        events: vec![event(&id, "job.submitted")],
        ..Change::default()
    }
}

/// The child on a disk without room.
pub(crate) async fn open_on_a_full_disk(file: &Path) {
    child::tell(&child::one_line(SqliteStore::open(file).await));
    assert!(!file.exists(), "nothing is left behind");
}

#[test]
fn a_disk_that_fills_up_refuses_changes_whole_and_heals() {
    if let Some(text) = on_a_small_disk("full", "2m", "\"$@\"") {
        assert!(text.contains("told: done"), "{text}");
    }
}

#[test]
fn a_full_disk_is_told_when_a_file_cannot_be_made() {
    let lines = "dd if=/dev/zero of=\"$disk/ballast\" bs=1k count=60 2>/dev/null\n\"$@\"";
    if let Some(text) = on_a_small_disk("full-at-open", "64k", lines) {
        assert!(text.contains("told: disk_full: the disk of the state file"), "{text}");
    }
}

#[test]
fn a_read_only_disk_is_told() {
    let lines = "CADDIS_STORE_TEST_ROLE=make \"$@\"\nmount -o remount,ro \"$disk\"\n\"$@\"\n\
        CADDIS_STORE_TEST_FILE=$disk/new.db \"$@\"";
    if let Some(text) = on_a_small_disk("open", "2m", lines) {
        let told: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("told: ")).collect();
        assert_eq!(told.len(), 2, "{text}");
        assert!(told.iter().all(|told| told.starts_with("read_only: the state file")), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_is_locked_is_told_and_waited_for_no_longer_than_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("state.db");
    let options = SqliteOptions { busy_timeout: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(&file, options).await.expect("a new file can be opened");
    let mut other = SqliteConnection::connect(file.to_str().expect("it is text")).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let refused = store.commit(Change { jobs: vec![job(1)], ..Change::default() }).await;
    match refused {
        Err(CommitError::Store(error)) => assert_eq!((error.code, error.hint.is_some()), ("busy", true)),
        other => panic!("it is locked, and yet: {other:?}"),
    }
    assert_eq!(store.job(&job_id(1)).await.expect("reading goes on"), None);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.commit(Change { jobs: vec![job(1)], ..Change::default() }).await.expect("it is free again");
    store.close().await;

    sqlx::query("PRAGMA locking_mode = EXCLUSIVE").execute(&mut other).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let error = SqliteStore::open_with(&file, options).await.expect_err("somebody has it for himself");
    assert_eq!(error.code, "busy", "{error:?}");
}
