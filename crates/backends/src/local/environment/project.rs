//! A uv project: the nearest `uv.lock` beside a script or above it.

use std::{fs, os::unix::fs::MetadataExt, path::{Path, PathBuf}};

use super::{error::EnvironmentError, version::Specifiers};
use crate::plain;

/// What a project's lock says before any package.
#[derive(Debug)]
pub(super) struct Project {
    pub root: PathBuf,
    pub lock: String,
    pub manifest: String,
    pub requires_python: Option<Specifiers>,
    pub python_version: Option<String>,
}

/// Looks for a project from a folder upwards. It stops at the root of a repository, at the user's home folder, and
/// before a folder that others can write to: a lock decides what code runs, and may not come from a stranger.
pub(super) fn find(from: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let owner = fs::metadata(from).ok()?.uid();
    for folder in from.ancestors() {
        if !trusted(folder, owner) {
            return None;
        }
        if folder.join("uv.lock").is_file() && folder.join("pyproject.toml").is_file() {
            return Some(folder.to_path_buf());
        }
        if folder.join(".git").exists() || Some(folder) == home {
            return None;
        }
    }
    None
}

/// Reads what decides about the environment. The lock is not parsed as a whole: it can have a megabyte.
pub(super) fn read(root: &Path) -> Result<Project, EnvironmentError> {
    let lock_file = root.join("uv.lock");
    let read = |file: &Path| {
        let why = |error: std::io::Error| EnvironmentError::Unreadable { file: file.to_path_buf(), why: plain(&error) };
        fs::read_to_string(file).map_err(why)
    };
    let (lock, manifest) = (read(&lock_file)?, read(&root.join("pyproject.toml"))?);
    let invalid = |why: String| EnvironmentError::LockInvalid { file: lock_file.clone(), why };
    let requires_python = header_value(&lock, "requires-python").map(str::parse).transpose().map_err(invalid)?;
    let has = |package: &str| lock.lines().any(|line| line.strip_prefix("name = \"").is_some_and(|name| name == format!("{package}\"")));
    if !has("distributed") {
        let hint = "run `uv add \"dask[distributed]\"` in that project";
        return Err(EnvironmentError::NoDistributed { place: format!("`{}`", lock_file.display()), source_hint: hint.into() });
    }
    let python_version = fs::read_to_string(root.join(".python-version")).ok();
    let python_version = python_version.and_then(|text| text.lines().next().map(|line| line.trim().to_owned()));
    Ok(Project { root: root.to_path_buf(), lock, manifest, requires_python, python_version })
}

fn header_value<'a>(lock: &'a str, key: &str) -> Option<&'a str> {
    let header = lock.lines().take_while(|line| !line.starts_with("[["));
    let mut values = header.filter_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='));
    values.next().map(|value| value.trim().trim_matches('"'))
}

fn trusted(folder: &Path, owner: u32) -> bool {
    let me = rustix::process::geteuid().as_raw();
    fs::metadata(folder).is_ok_and(|metadata| [0, me, owner].contains(&metadata.uid()) && metadata.mode() & 0o002 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn project() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("pyproject.toml"), "").unwrap();
        let lock = "version = 1\nrequires-python = \">=3.11\"\n\n[[package]]\nname = \"distributed\"\n";
        fs::write(root.path().join("uv.lock"), lock).unwrap();
        root
    }

    #[test]
    fn is_found_above_but_not_beyond_a_repository_or_a_shared_folder() {
        let root = project();
        let below = root.path().join("a/b");
        assert_eq!(find(&below, None).as_deref(), Some(root.path()));
        fs::create_dir(root.path().join("a/.git")).unwrap();
        assert_eq!(find(&below, None), None);
        fs::remove_dir(root.path().join("a/.git")).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(find(&below, None), None);
    }

    #[test]
    fn says_what_python_it_needs_and_that_dask_is_missing() {
        let root = project();
        let read_back = read(root.path()).unwrap();
        assert_eq!(read_back.requires_python.unwrap().to_string(), ">=3.11");
        fs::write(root.path().join("uv.lock"), "version = 1\n[[package]]\nname = \"distributed-x\"\n").unwrap();
        assert_eq!(read(root.path()).unwrap_err().code(), "no_distributed");
    }
}
