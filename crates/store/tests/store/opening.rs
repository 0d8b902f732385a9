//! What may lie where a state file is expected, and what is said of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use caddis_engine::ports::{Change, JobFilter, Store, StoreError};
use caddis_store::SqliteStore;
use caddis_store::sqlite::SCHEMA_VERSION;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::child::{is_root, open_as_nobody};
use crate::support::{job, job_id, line};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("state.db");
    (folder, file)
}

async fn refused(file: &Path) -> StoreError {
    let error = SqliteStore::open(file).await.expect_err("it is not a state file");
    assert!(error.message.contains(&file.display().to_string()), "it says which file: {error:?}");
    error
}

async fn change_by_hand(file: &Path, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect(file.to_str().expect("it is text")).await?;
    let changed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
    connection.close().await?;
    changed.map(|_| ())
}

/// A state file with some rows, closed.
async fn with_rows(file: &Path) {
    let store = SqliteStore::open(file).await.expect("a new file can be opened");
    for number in 1..=200 {
        store.commit(Change { jobs: vec![job(number)], ..Change::default() }).await.expect("it goes in");
    }
    store.commit(Change { ledger: vec![line(1, "scheduler")], ..Change::default() }).await.expect("it goes in");
    store.close().await;
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn only_its_owner_reads_a_state_file() {
    let (folder, file) = folder();
    let store = SqliteStore::open(&file).await.unwrap();
    store.set_setting("a", "b").await.unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close().await;
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    SqliteStore::open(&file).await.unwrap().close().await;
    assert_eq!(mode(&file), 0o600, "an old one is closed to others");
}

#[tokio::test]
async fn what_was_written_is_there_after_it_was_opened_again() {
    let (folder, file) = folder();
    with_rows(&file).await;
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["state.db"], "closing leaves one file");
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.jobs(&JobFilter::default()).await.unwrap().len(), 200);
    store.close().await;
    for error in [
        store.set_setting("a", "b").await.unwrap_err(),
        store.setting("a").await.unwrap_err(),
        store.job(&job_id(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.code, "failed");
        assert!(error.message.contains("was closed"), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_told_and_left_as_it_is() {
    let (_folder, file) = folder();
    let text = "this is a diary, and more than a hundred bytes of it ".repeat(40);
    fs::write(&file, &text).unwrap();
    let error = refused(&file).await;
    assert_eq!((error.code, error.hint.is_some()), ("corrupt", true), "{error:?}");
    assert!(error.message.ends_with("is not an SQLite file"), "{error:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_somebody_else_is_told_and_left_as_it_is() {
    let (_folder, file) = folder();
    fs::write(&file, "").unwrap();
    change_by_hand(&file, "CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x')").await.unwrap();
    let before = fs::read(&file).unwrap();
    let error = refused(&file).await;
    assert_eq!(error.code, "corrupt");
    assert!(error.message.ends_with("not one of caddis"), "{error:?}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_versions() {
    let (_folder, file) = folder();
    with_rows(&file).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (99, 'from tomorrow', TRUE, x'00', 0)";
    change_by_hand(&file, newer).await.unwrap();
    let before = fs::read(&file).unwrap();
    let error = refused(&file).await;
    assert_eq!((error.code, error.hint.is_some()), ("newer", true));
    let versions = format!("has schema 99, and this caddis knows up to {SCHEMA_VERSION}");
    assert!(error.message.contains(&versions), "{error:?}");
    assert_eq!(fs::read(&file).unwrap(), before, "an older caddis does not write to it");
}

#[tokio::test]
async fn another_edition_of_a_migration_is_refused() {
    let (_folder, file) = folder();
    with_rows(&file).await;
    change_by_hand(&file, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await.unwrap();
    let error = refused(&file).await;
    assert!(error.message.contains("another edition of migration 1"), "{error:?}");
}

#[tokio::test]
async fn damage_is_told_wherever_it_is_met() {
    let (_folder, file) = folder();
    with_rows(&file).await;
    let sound = fs::read(&file).unwrap();
    // Cut off after the first page: the schema can be read, the rows cannot.
    fs::write(&file, &sound[..4096]).unwrap();
    assert_eq!(refused(&file).await.code, "corrupt");
    // Overwritten in the middle: it opens, and reading says so.
    let mut damaged = sound.clone();
    damaged[3 * 4096..].fill(0x5a);
    fs::write(&file, &damaged).unwrap();
    let code = match SqliteStore::open(&file).await {
        Err(error) => error.code,
        Ok(store) => store.jobs(&JobFilter::default()).await.expect_err("its rows are gone").code,
    };
    assert_eq!(code, "corrupt");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let (_folder, file) = folder();
    with_rows(&file).await;
    let one = job_id(7);
    for (change, code) in [("body_version = 9", "newer"), ("body_version = 1, body = '{'", "corrupt")] {
        change_by_hand(&file, &format!("UPDATE jobs SET {change} WHERE id = '{one}'")).await.unwrap();
        let store = SqliteStore::open(&file).await.unwrap();
        let error = store.job(&one).await.unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains(one.as_str()) && error.hint.is_some(), "{error:?}");
        assert!(store.job(&job_id(8)).await.unwrap().is_some(), "the others can be read");
        store.close().await;
    }
}

#[tokio::test]
async fn no_statement_changes_or_removes_a_ledger_line() {
    let (_folder, file) = folder();
    with_rows(&file).await;
    for sql in ["DELETE FROM ledger", "UPDATE ledger SET cost = 0"] {
        let error = change_by_hand(&file, sql).await.expect_err("the schema refuses it");
        assert!(error.to_string().contains("ledger lines are never"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_missing_folder_and_a_folder_in_its_place_are_told() {
    let (folder, file) = folder();
    let error = refused(&folder.path().join("no/such/state.db")).await;
    assert_eq!(error.code, "failed");
    assert!(error.message.contains("is not there") && error.hint.is_some(), "{error:?}");
    fs::create_dir(&file).unwrap();
    let error = refused(&file).await;
    assert!(error.message.ends_with("is not a file") && error.hint.is_some(), "{error:?}");
}

#[tokio::test]
async fn another_user_is_told_what_may_not_be_read_or_written() {
    let (folder, file) = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    with_rows(&file).await;
    fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    let told = open_as_nobody(folder.path(), &file);
    assert!(told.starts_with("denied: the state file") && told.contains("hint: run as its owner"), "{told}");

    // A folder in which nothing can be made, without and with a file that is one's own.
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let inside = closed.join("state.db");
    fs::copy(&file, &inside).unwrap();
    if is_root() {
        chown(&inside, Some(65534), Some(65534)).unwrap();
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    for file in [&inside, &closed.join("new.db")] {
        let told = open_as_nobody(folder.path(), file);
        assert!(told.starts_with("read_only: the state file") && told.contains("hint: check who owns"), "{told}");
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 1, "nothing is left behind");
}
