//! What no test run shows: directions, lints, and what must not be in the repository.

use std::fs;

use anyhow::{Result, bail};

use crate::{deps, process};

/// All checks, in order of cost.
pub(crate) fn run() -> Result<()> {
    deps::check()?;
    repository()?;
    clippy()
}

/// Clippy with the house's bans, on everything that is shipped.
pub(crate) fn clippy() -> Result<()> {
    process::succeed(&mut process::cargo(&["clippy", "--workspace", "--locked", "--quiet", "--", "--deny", "warnings"])?)
}

/// Locks carry no index addresses, and no file names a machine it was made on.
pub(crate) fn repository() -> Result<()> {
    let listed = process::output(std::process::Command::new("git").args(["ls-files"]).current_dir(process::root()))?;
    let mut wrong = Vec::new();
    for path in listed.lines().filter(|path| !path.starts_with("xtask/src/check.rs")) {
        let Ok(text) = fs::read_to_string(process::root().join(path)) else { continue };
        let lock = path.ends_with(".txt") || path.ends_with("uv.lock");
        if lock && text.lines().any(|line| line.contains("--index-url") || line.contains("--extra-index-url")) {
            wrong.push(format!("`{path}` carries an index address"));
        }
        if text.contains("/root/.pyenv") || text.contains("/work/main") || text.contains("/work/shared") {
            wrong.push(format!("`{path}` carries a path of the machine it was made on"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("the repository is not clean:\n  {}", wrong.join("\n  "))
}
