//! Every code that Caddis can give was seen on a real program: tests leave a file for each they brought about.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use caddis_types::{CauseCode, ReasonCode};

use super::Verdict;
use crate::process;

/// Where tests leave their files.
fn folder() -> PathBuf {
    process::target().join("produced-codes")
}

/// Forgets earlier runs.
pub(super) fn clear() -> Result<()> {
    match fs::remove_dir_all(folder()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("forget produced codes"),
        _ => Ok(()),
    }
}

/// Fails with each code that no test produced.
pub(super) fn check() -> Result<Verdict> {
    let causes = CauseCode::ALL.iter().map(|code| format!("cause-{code}"));
    let reasons = ReasonCode::ALL.iter().map(|code| format!("reason-{code}"));
    let all: Vec<String> = causes.chain(reasons).collect();
    let missing: Vec<&String> = all.iter().filter(|code| !folder().join(code).exists()).collect();
    if missing.is_empty() {
        println!("{} codes were brought about", all.len());
        return Ok(Verdict::Passed);
    }
    bail!("no test brought about: {missing:?}\nhint: docs/CAUSES.md says which test should; the tier `rust` runs them")
}
