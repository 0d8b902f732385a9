//! uv as Caddis obtained it for the shared test environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The program, from the state folder of the shared test environment.
pub(super) fn program(home: &Path) -> Result<PathBuf> {
    one(&home.join("tools"), "uv").context("find uv")
}

/// uv that uses the cache of the test environment and downloads no interpreters.
pub(super) fn calm(uv: &Path, home: &Path) -> Command {
    let mut command = Command::new(uv);
    command.current_dir(process::root()).env("UV_PYTHON_DOWNLOADS", "never").env("UV_CACHE_DIR", home.join("cache/uv"));
    for (pip, uv) in [("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE"), ("PIP_FIND_LINKS", "UV_FIND_LINKS")] {
        if let Some(value) = std::env::var_os(pip) {
            command.env(uv, value);
        }
    }
    command
}

/// The first folder of `folder` that has `file`.
pub(super) fn one(folder: &Path, file: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("look into `{}`", folder.display()))?;
    let found = entries.flatten().map(|entry| entry.path().join(file)).find(|path| path.exists());
    found.with_context(|| format!("nothing in `{}` has `{file}`", folder.display()))
}
