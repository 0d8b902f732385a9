//! The tests of the Python runtime, in an environment of their own: the newest line of Dask and pytest.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Verdict;
use crate::process;

/// The embedded lock of the newest line.
const LOCK: &str = "crates/backends/src/local/environment/lock/dask-2026.8.0.txt";

/// Runs them on the interpreter of the shared test environment, which the tier `rust` made.
pub(super) fn run() -> Result<Verdict> {
    if !process::exists("openssl", "version") {
        return Ok(Verdict::Skipped("`openssl` is not installed, and the tests make certificates with it".into()));
    }
    let home = process::target().join("test-environment/home");
    let uv = one(&home.join("tools"), "uv").context("find uv")?;
    let base = one(&home.join("environments"), "venv/bin/python").context("find the test environment")?;
    let venv = process::target().join("runtime-tests");
    let python = venv.join("bin/python");
    if !python.exists() {
        process::succeed(calm(&uv, &home).arg("venv").arg("--python").arg(&base).arg(&venv))?;
    }
    let mut install = calm(&uv, &home);
    install.args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("--requirement").arg(LOCK);
    process::succeed(&mut install)?;
    process::succeed(calm(&uv, &home).args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("pytest"))?;
    let mut pytest = Command::new(&python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "python/caddis/tests"]).current_dir(process::root());
    process::succeed(&mut pytest)?;
    Ok(Verdict::Passed)
}

/// uv that uses the cache of the test environment and downloads no interpreters.
fn calm(uv: &Path, home: &Path) -> Command {
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
fn one(folder: &Path, file: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("look into `{}`", folder.display()))?;
    let found = entries.flatten().map(|entry| entry.path().join(file)).find(|path| path.exists());
    found.with_context(|| format!("nothing in `{}` has `{file}`", folder.display()))
}
