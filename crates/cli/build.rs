//! Tells the binary which commit it was built from: read from `.git` without running git, `unknown` elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let commit = git_folder(&here).and_then(|git| commit(&git)).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CADDIS_COMMIT={}", &commit[..commit.len().min(12)]);
    println!("cargo::rerun-if-changed=build.rs");
}

/// The repository's folder; in a linked work tree `.git` is a file that names it.
fn git_folder(start: &Path) -> Option<PathBuf> {
    let found = start.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    if found.is_dir() {
        return Some(found);
    }
    let text = fs::read_to_string(&found).ok()?;
    Some(found.parent()?.join(text.strip_prefix("gitdir: ")?.trim()))
}

fn commit(git: &Path) -> Option<String> {
    let head = git.join("HEAD");
    println!("cargo::rerun-if-changed={}", head.display());
    let text = fs::read_to_string(head).ok()?;
    match text.trim().strip_prefix("ref: ") {
        None => Some(text.trim().to_owned()),
        Some(reference) => of_reference(git, reference),
    }
}

fn of_reference(git: &Path, reference: &str) -> Option<String> {
    let common = fs::read_to_string(git.join("commondir")).map(|path| git.join(path.trim()));
    let common = common.unwrap_or_else(|_| git.to_owned());
    let file = common.join(reference);
    println!("cargo::rerun-if-changed={}", file.display());
    if let Ok(text) = fs::read_to_string(file) {
        return Some(text.trim().to_owned());
    }
    let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
    let line = packed.lines().find(|line| line.ends_with(reference))?;
    line.split_whitespace().next().map(str::to_owned)
}
