//! The tests of the Python runtime, in an environment of their own: the newest line of Dask and pytest.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Verdict, uv};
use crate::process;

/// The embedded lock of the newest line.
const LOCK: &str = "crates/backends/src/local/environment/lock/dask-2026.8.0.txt";

/// Runs them on the interpreter of the shared test environment, which the tier `rust` made.
pub(super) fn run() -> Result<Verdict> {
    if !process::exists("openssl", "version") {
        return Ok(Verdict::Skipped("`openssl` is not installed, and the tests make certificates with it".into()));
    }
    let home = process::target().join("test-environment/home");
    let program = uv::program(&home)?;
    let base = uv::one(&home.join("environments"), "venv/bin/python").context("find the test environment")?;
    let venv = process::target().join("runtime-tests");
    let python = venv.join("bin/python");
    if !python.exists() {
        process::succeed(uv::calm(&program, &home).arg("venv").arg("--python").arg(&base).arg(&venv))?;
    }
    let mut install = uv::calm(&program, &home);
    install.args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("--requirement").arg(LOCK);
    process::succeed(&mut install)?;
    process::succeed(uv::calm(&program, &home).args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("pytest"))?;
    let mut pytest = Command::new(&python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "python/caddis/tests"]).current_dir(process::root());
    process::succeed(&mut pytest)?;
    Ok(Verdict::Passed)
}
