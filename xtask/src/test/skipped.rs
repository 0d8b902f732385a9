//! What tests left out since this machine does not have it: each leaves a file, so that a green run never hides it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process;

/// What CI may do without.
const OPTIONAL: [&str; 4] = ["fish", "zsh", "memory", "docker"];

/// Where tests leave their files.
fn folder() -> PathBuf {
    process::target().join("skipped")
}

/// Forgets earlier runs.
pub(super) fn clear() -> Result<()> {
    match fs::remove_dir_all(folder()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("forget what was skipped"),
        _ => Ok(()),
    }
}

/// Says what was left out; in CI (`strict`) fails unless all of it is optional.
pub(super) fn check(strict: bool) -> Result<()> {
    let mut missed = Vec::new();
    let mut names: Vec<_> = fs::read_dir(folder()).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let name = name.to_string_lossy();
        let (what, place) = name.split_once('@').unwrap_or((&name, ""));
        let why = fs::read_to_string(folder().join(&*name)).unwrap_or_default();
        println!("skipped, {what}: {why} ({place})");
        if !OPTIONAL.contains(&what) {
            missed.push(what.to_owned());
        }
    }
    missed.dedup();
    if strict && !missed.is_empty() {
        bail!("tests were skipped for want of {}\nhint: CI does without {} only", missed.join(", "), OPTIONAL.join(", "));
    }
    Ok(())
}
