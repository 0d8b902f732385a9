//! Bundles: a job's script and the modules beside it, kept by content, so that the job can run again elsewhere.
//!
//! What goes in: the script and the Python files beside it, and packages beside it (folders with `__init__.py`).
//! Bounded: a script in a home folder must not copy the home folder. The local backend runs the job in place.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use caddis_core::record::Bundle;
use caddis_types::Timestamp;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use sha2::{Digest, Sha256};

use super::paths::Home;
use super::private;

/// At most so many files.
const FILES_MAX: usize = 500;
/// At most so many bytes.
const BYTES_MAX: u64 = 16 << 20;
/// Packages nest at most so deep.
const DEPTH_MAX: usize = 8;

/// Keeps the files of a script; a module's are found in its working folder.
pub(super) fn keep(home: &Home, script: Option<&Path>, cwd: &Path) -> io::Result<Bundle> {
    let root = script.and_then(Path::parent).unwrap_or(cwd);
    let mut files = Vec::new();
    if let Some(script) = script {
        files.push(script.to_owned());
    }
    collect(root, 0, &mut files);
    files.sort();
    files.dedup();
    if let Some(at) = script.and_then(|script| files.iter().position(|file| file == script)) {
        files.swap(0, at);
    }
    let mut kept: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let mut bytes = 0;
    for file in files.into_iter().take(FILES_MAX) {
        if fs::metadata(&file).is_ok_and(|found| found.len() > BYTES_MAX) {
            continue;
        }
        let Ok(content) = fs::read(&file) else { continue };
        bytes += content.len() as u64;
        if bytes > BYTES_MAX && !kept.is_empty() {
            bytes -= content.len() as u64;
            break;
        }
        kept.push((file.strip_prefix(root).unwrap_or(&file).to_owned(), content));
    }
    let bundle = Bundle { digest: digest(&kept), files: kept.len() as u32, bytes };
    store(home, &bundle, &kept)?;
    Ok(bundle)
}

/// Python files of a folder, and of packages below it.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if files.len() >= FILES_MAX {
            return;
        }
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_file() && path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        } else if kind.is_dir() && depth < DEPTH_MAX && path.join("__init__.py").is_file() {
            collect(&path, depth + 1, files);
        }
    }
}

fn digest(files: &[(PathBuf, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        let name = name.to_string_lossy();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    format!("{:x}", hash.finalize())
}

fn store(home: &Home, bundle: &Bundle, files: &[(PathBuf, Vec<u8>)]) -> io::Result<()> {
    let folder = home.bundles().join(&bundle.digest);
    if folder.exists() {
        return touch(&folder);
    }
    private::make_folder(&home.bundles())?;
    let building = tempfile::Builder::new().prefix(".building-").tempdir_in(home.bundles())?;
    for (name, content) in files {
        let path = building.path().join(name);
        if let Some(parent) = path.parent() {
            private::make_folder(parent)?;
        }
        private::write_file(&path, content)?;
    }
    match fs::rename(building.path(), &folder) {
        Ok(()) => {
            let _gone = building.keep();
            Ok(())
        }
        // Somebody else kept the same content meanwhile.
        Err(_) if folder.exists() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says that it was taken now.
fn touch(folder: &Path) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Ok(utimensat(CWD, folder, &Timestamps { last_access: now, last_modification: now }, AtFlags::empty())?)
}

/// Removes all but these, and but what was taken since: its job may be about to be written down. What a crash left half
/// made goes too. Answers how many.
pub(super) fn remove_all_but(home: &Home, kept: &BTreeSet<String>, since: Timestamp) -> io::Result<u32> {
    let entries = match fs::read_dir(home.bundles()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let meta = entry.metadata()?;
        let taken = Timestamp(meta.mtime() * 1_000_000 + meta.mtime_nsec() / 1_000);
        if taken < since && !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
            fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_and_packages_are_kept_by_content() {
        let work = tempfile::tempdir().unwrap();
        let home_folder = tempfile::tempdir().unwrap();
        let home = Home::new(home_folder.path());
        let script = work.path().join("job.py");
        fs::write(&script, "import helper").unwrap();
        fs::write(work.path().join("helper.py"), "x = 1").unwrap();
        fs::write(work.path().join("data.csv"), "1,2").unwrap();
        fs::create_dir(work.path().join("pkg")).unwrap();
        fs::write(work.path().join("pkg/__init__.py"), "").unwrap();
        fs::create_dir(work.path().join("other")).unwrap();
        fs::write(work.path().join("other/no.py"), "").unwrap();
        let first = keep(&home, Some(&script), work.path()).unwrap();
        assert_eq!(first.files, 3);
        assert_eq!(keep(&home, Some(&script), work.path()).unwrap(), first);
        fs::write(work.path().join("helper.py"), "x = 2").unwrap();
        assert_ne!(keep(&home, Some(&script), work.path()).unwrap().digest, first.digest);
        assert!(home.bundles().join(&first.digest).join("helper.py").exists());
        assert_eq!(fs::read_dir(home.bundles()).unwrap().count(), 2);
    }

    #[test]
    fn what_no_job_has_any_more_is_removed_unless_it_was_taken_just_now() {
        let work = tempfile::tempdir().unwrap();
        let home_folder = tempfile::tempdir().unwrap();
        let home = Home::new(home_folder.path());
        let script = work.path().join("job.py");
        let taken = |text: &str| {
            fs::write(&script, text).unwrap();
            keep(&home, Some(&script), work.path()).unwrap().digest
        };
        let (old, held, again) = (taken("1"), taken("2"), taken("3"));
        fs::create_dir(home.bundles().join(".building-x")).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        for name in [&old, &held, &again, ".building-x"] {
            fs::File::open(home.bundles().join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        let new = taken("4");
        assert_eq!(taken("3"), again);
        assert_eq!(remove_all_but(&home, &BTreeSet::from([held.clone()]), Timestamp(1_000_000)).unwrap(), 2);
        let left: BTreeSet<String> =
            fs::read_dir(home.bundles()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(left, BTreeSet::from([held, again, new]));
    }
}
