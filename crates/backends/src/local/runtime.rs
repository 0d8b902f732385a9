//! The Python runtime that is put beside Dask: it is part of the binary, and unpacked into the state folder by content.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::paths::Home;
use super::private;

macro_rules! embedded {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../python/caddis/src/", $path)))),+]
    };
}

/// Every file of the package `caddis`.
const FILES: &[(&str, &str)] = embedded![
    "caddis/__init__.py",
    "caddis/runtime/__init__.py",
    "caddis/runtime/abandoned.py",
    "caddis/runtime/beside.py",
    "caddis/runtime/claims.py",
    "caddis/runtime/daskconfig.py",
    "caddis/runtime/drain.py",
    "caddis/runtime/forkserver.py",
    "caddis/runtime/guard.py",
    "caddis/runtime/job.py",
    "caddis/runtime/lease.py",
    "caddis/runtime/link.py",
    "caddis/runtime/member.py",
    "caddis/runtime/outcome.py",
    "caddis/runtime/scheduler.py",
    "caddis/runtime/service.py",
    "caddis/runtime/setup.py",
    "caddis/runtime/snapshot.py",
    "caddis/runtime/spawn.py",
    "caddis/runtime/warm.py",
    "caddis/runtime/worker.py",
];

/// Names the content of the runtime.
pub fn digest() -> String {
    let mut hash = Sha256::new();
    for (path, text) in FILES {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    format!("{:x}", hash.finalize())[..16].to_owned()
}

/// Unpacks the runtime, unless it is there already and whole; answers the folder for `PYTHONPATH`.
pub(super) fn unpack(home: &Home) -> io::Result<PathBuf> {
    let folder = home.runtime().join(digest());
    if folder.join(".complete").exists() && is_whole(&folder) {
        return Ok(folder);
    }
    for (path, text) in FILES {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            private::make_folder(parent)?;
        }
        private::write_file_durably(&file, text.as_bytes())?;
    }
    private::write_file_durably(&folder.join(".complete"), b"")?;
    Ok(folder)
}

/// Whether every file has its length. A disk that lost its power may have kept a name and not what was in it.
fn is_whole(folder: &Path) -> bool {
    let whole = |(path, text): &(&str, &str)| {
        std::fs::metadata(folder.join(path)).is_ok_and(|found| found.len() == text.len() as u64)
    };
    FILES.iter().all(whole)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn python_files(folder: &Path, under: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{under}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                python_files(&entry.path(), &name, found);
            } else if name.ends_with(".py") {
                found.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_runtime_is_embedded() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/caddis/src/caddis/runtime");
        let mut found = BTreeSet::new();
        python_files(&source, "caddis/runtime", &mut found);
        let embedded: BTreeSet<String> =
            FILES.iter().map(|(path, _)| (*path).to_owned()).filter(|path| path.contains("/runtime/")).collect();
        assert_eq!(found, embedded);
    }

    #[test]
    fn unpacking_twice_is_unpacking_once() {
        let home = tempfile::tempdir().unwrap();
        let home = Home::new(home.path());
        let first = unpack(&home).unwrap();
        assert_eq!(unpack(&home).unwrap(), first);
        assert!(first.join("caddis/runtime/forkserver.py").exists());
    }

    #[test]
    fn a_file_that_lost_what_was_in_it_is_unpacked_again() {
        let home = tempfile::tempdir().unwrap();
        let home = Home::new(home.path());
        let file = unpack(&home).unwrap().join("caddis/runtime/member.py");
        let text = std::fs::read(&file).unwrap();
        std::fs::write(&file, "").unwrap();
        unpack(&home).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), text);
    }
}
