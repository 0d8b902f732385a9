//! What an environment holds, read from its metadata folders without starting Python.

use std::{fs, os::unix::fs::MetadataExt, path::{Path, PathBuf}};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::EnvironmentError;

/// The oldest `distributed` that Caddis's own entry points run with.
pub const MINIMUM_DISTRIBUTED: &str = "2024.12.0";

/// The versions in an environment that decide how Caddis treats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the interpreter.
    pub python: String,
    /// Of `dask`.
    pub dask: Option<String>,
    /// Of `distributed`.
    pub distributed: Option<String>,
    /// Of `bokeh`; without it there is no dashboard.
    pub bokeh: Option<String>,
}

/// Reads the versions of what is installed in these folders; the first folder that has a package wins.
#[must_use]
pub fn facts(python: &str, site_packages: &[PathBuf]) -> Versions {
    let mut versions = Versions { python: python.to_owned(), ..Versions::default() };
    for folder in site_packages {
        for (name, version) in entries(folder).iter().filter_map(|name| distribution(name)) {
            let field = match name.to_ascii_lowercase().as_str() {
                "dask" => &mut versions.dask,
                "distributed" => &mut versions.distributed,
                "bokeh" => &mut versions.bokeh,
                _ => continue,
            };
            field.get_or_insert_with(|| version.to_owned());
        }
    }
    versions
}

/// A digest that changes when a package is added, removed, updated or reinstalled in these folders.
#[must_use]
pub fn fingerprint(site_packages: &[PathBuf]) -> String {
    let mut digest = Sha256::new();
    for folder in site_packages {
        let mut names = entries(folder);
        names.retain(|name| distribution(name).is_some() || name.ends_with(".pth") || name.ends_with(".egg-link"));
        names.sort();
        for name in names {
            let Ok(metadata) = fs::metadata(folder.join(&name)) else { continue };
            digest.update(name.as_bytes());
            digest.update(metadata.mtime().to_le_bytes());
            digest.update(metadata.mtime_nsec().to_le_bytes());
        }
        digest.update([0]);
    }
    hex(&digest.finalize()[..16])
}

/// Refuses versions that no Dask cluster can be made with. `place` is how the environment is called.
pub(super) fn check(versions: &Versions, place: &str, hint: &str) -> Result<(), EnvironmentError> {
    let Some(distributed) = &versions.distributed else {
        return Err(EnvironmentError::NoDistributed { place: place.to_owned(), source_hint: hint.to_owned() });
    };
    if release(distributed) < release(MINIMUM_DISTRIBUTED) {
        let (place, version) = (place.to_owned(), distributed.clone());
        return Err(EnvironmentError::DistributedTooOld { place, version, minimum: MINIMUM_DISTRIBUTED });
    }
    Ok(())
}

/// `lib/python3.X/site-packages` of a virtual or Conda environment.
pub(super) fn site_packages_of(prefix: &Path) -> Vec<PathBuf> {
    let versions = entries(&prefix.join("lib")).into_iter().filter(|name| name.starts_with("python3."));
    versions.map(|name| prefix.join("lib").join(name).join("site-packages")).filter(|folder| folder.is_dir()).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn distribution(entry: &str) -> Option<(&str, &str)> {
    let (name, rest) = entry.split_once('-')?;
    let version = rest.strip_suffix(".dist-info").or_else(|| rest.strip_suffix(".egg-info"))?;
    Some((name, version.split("-py").next().unwrap_or(version)))
}

fn release(version: &str) -> Vec<u64> {
    let public = version.split('+').next().unwrap_or(version);
    let numeric = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    public.split('.').map(numeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        names.iter().for_each(|name| fs::create_dir(folder.path().join(name)).unwrap());
        folder
    }

    #[test]
    fn reads_versions_from_either_kind_of_metadata() {
        let new = site(&["dask-2026.8.0.dist-info", "dask_ml-1.0.dist-info", "distributed"]);
        let old = site(&["distributed-2026.8.0-py3.12.egg-info", "dask-1.dist-info"]);
        let read = facts("3.12.1", &[new.path().into(), old.path().into()]);
        assert_eq!((read.dask.as_deref(), read.distributed.as_deref()), (Some("2026.8.0"), Some("2026.8.0")));
        assert_eq!(read.bokeh, None);
    }

    #[test]
    fn the_fingerprint_follows_packages_and_not_their_caches() {
        let site = site(&["dask-2026.8.0.dist-info"]);
        let folders = [site.path().to_path_buf()];
        let before = fingerprint(&folders);
        fs::create_dir(site.path().join("__pycache__")).unwrap();
        assert_eq!(before, fingerprint(&folders));
        fs::write(site.path().join("x.pth"), "").unwrap();
        assert_ne!(before, fingerprint(&folders));
    }

    #[test]
    fn too_old_and_absent_are_told_apart() {
        let with = |version: Option<&str>| Versions { distributed: version.map(Into::into), ..Versions::default() };
        assert_eq!(check(&with(None), "x", "y").unwrap_err().code(), "no_distributed");
        assert_eq!(check(&with(Some("2024.9.1")), "x", "y").unwrap_err().code(), "distributed_too_old");
        for fine in ["2024.12.0", "2026.8.0+3.gabc", "2027.1"] {
            check(&with(Some(fine)), "x", "y").unwrap();
        }
    }
}
