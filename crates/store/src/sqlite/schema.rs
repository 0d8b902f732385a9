//! The schema: which migrations there are, and whether a file is one that they may be run on.

use std::path::Path;

use caddis_engine::ports::StoreError;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqliteConnection};

use super::fault::{corrupt, explain_opening, failed, fault};

/// `PRAGMA application_id` of a state file, set by the first migration.
const APPLICATION: i64 = 0x00CA_DD15;

/// Every migration there ever was, oldest first. Included as text, so that no build script and no macro of sqlx is
/// needed; a test compares the list with the folder.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "rows", include_str!("../../migrations/sqlite/0001_rows.sql")),
    (2, "decisions", include_str!("../../migrations/sqlite/0002_decisions.sql")),
    (3, "ledger_groups", include_str!("../../migrations/sqlite/0003_ledger_groups.sql")),
    (4, "decision_packs", include_str!("../../migrations/sqlite/0004_decision_packs.sql")),
];

/// The schema that this binary makes.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

fn migrator() -> Migrator {
    let all = MIGRATIONS.iter().map(|(version, description, sql)| {
        Migration::new(*version, (*description).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(all.collect())
}

/// Refuses what is not a state file, or is one of a newer Caddis. Reads only.
pub(super) async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let found = look(connection).await.map_err(|error| explain_opening(path, &error))?;
    match found {
        Found { ours: false, tables: 1.., .. } => Err(corrupt(path, "is an SQLite file, but not one of caddis")),
        Found { schema: Some(schema), .. } if schema > SCHEMA_VERSION => Err(newer(path, schema)),
        _ => Ok(()),
    }
}

struct Found {
    ours: bool,
    tables: i64,
    schema: Option<i64>,
}

async fn look(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    // The list of migrations is made before the first of them runs: alone, it is a state file that was just begun.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('_sqlx_migrations')";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut *connection).await?;
    let ours = application == APPLICATION;
    let schema = match ours {
        true => sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?,
        false => None,
    };
    Ok(Found { ours, tables, schema })
}

fn newer(path: &Path, schema: i64) -> StoreError {
    let message =
        format!("the state file `{}` has schema {schema}, and this caddis knows up to {SCHEMA_VERSION}", path.display());
    fault("newer", message, "use the newer caddis that made it, or set `CADDIS_HOME` to another folder")
}

/// Runs the migrations that are missing. Each is one transaction with its own entry in the list.
pub(super) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    match migrator().run(&mut *connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(explain_opening(path, &error)),
        Err(MigrateError::VersionMismatch(version)) => Err(fault(
            "failed",
            format!("the state file `{}` was made by another edition of migration {version}", path.display()),
            "it comes from a build that was never released; move it away to begin anew",
        )),
        Err(error) => Err(failed(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_in_the_folder_is_listed_once_and_in_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder of migrations is there")
            .map(|entry| entry.expect("it can be read").file_name().into_string().expect("names are text"))
            .collect();
        files.sort();
        let listed: Vec<_> = MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
        assert_eq!(listed, files);
        assert!(MIGRATIONS.iter().enumerate().all(|(index, (version, ..))| *version == index as i64 + 1));
    }
}
