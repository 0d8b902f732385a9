//! What local folders and files hold, for an environment's digest.
//!
//! A requirement such as `./mypackage` is installed once; when its code changes, the environment has to be another
//! one. Sizes and times are taken instead of contents: it must stay quick, and a false difference costs a build only.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use sha2::{Digest, Sha256};

/// Files beyond this number are not looked at: such a folder is not a package's source.
const MOST_FILES: usize = 5_000;

/// Folders that hold results and tools, never the source of a package.
const SKIPPED: [&str; 6] = ["__pycache__", "build", "dist", "node_modules", "venv", "target"];

/// Puts the state of a path into a digest.
pub(super) fn digest(path: &Path, into: &mut Sha256) {
    let mut left = MOST_FILES;
    visit(path, into, &mut left);
}

fn visit(path: &Path, into: &mut Sha256, left: &mut usize) {
    let Ok(metadata) = fs::metadata(path) else {
        into.update(b"absent");
        return;
    };
    if *left == 0 {
        return;
    }
    *left -= 1;
    if metadata.is_dir() {
        return visit_folder(path, into, left);
    }
    into.update(path.as_os_str().as_encoded_bytes());
    for number in [metadata.size() as i64, metadata.mtime(), metadata.mtime_nsec()] {
        into.update(number.to_le_bytes());
    }
}

fn visit_folder(path: &Path, into: &mut Sha256, left: &mut usize) {
    let Ok(entries) = fs::read_dir(path) else { return };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let text = name.to_string_lossy();
        let skipped = text.starts_with('.') || text.ends_with(".egg-info") || SKIPPED.contains(&text.as_ref());
        if !skipped {
            visit(&path.join(&name), into, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &Path) -> Vec<u8> {
        let mut into = Sha256::new();
        digest(path, &mut into);
        into.finalize().to_vec()
    }

    #[test]
    fn changes_with_the_source_and_not_with_its_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("setup.py"), "a").unwrap();
        let before = of(folder.path());
        fs::create_dir_all(folder.path().join("__pycache__")).unwrap();
        fs::write(folder.path().join("__pycache__/x.pyc"), "a").unwrap();
        assert_eq!(before, of(folder.path()));
        fs::write(folder.path().join("setup.py"), "ab").unwrap();
        assert_ne!(before, of(folder.path()));
        assert_ne!(of(&folder.path().join("gone")), before);
    }
}
