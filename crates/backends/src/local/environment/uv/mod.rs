//! uv: obtained once, given the user's own package settings, run, and understood when it fails.

mod failure;
mod obtain;
mod pip_config;
mod progress;
mod variables;

use std::{ffi::OsString, fs::File, path::{Path, PathBuf}};

use super::{
    error::EnvironmentError,
    process::{self, Program},
    wish::{EnvironmentPlan, Stage},
};
use crate::plain;

pub(super) use obtain::obtain;

/// Where the stages are told.
pub(super) type Progress<'a> = &'a (dyn Fn(Stage) + Send + Sync);

/// uv, ready to be run for one build.
#[derive(Debug)]
pub(super) struct Uv {
    pub program: PathBuf,
    /// Its whole environment.
    pub variables: Vec<(String, String)>,
    /// Where it runs; relative paths that it writes start there.
    pub cwd: PathBuf,
    /// The build's lock: uv holds it too, so that the next builder waits for a uv whose starter was killed.
    pub lock: Option<File>,
    /// Look at everything again. Of a local folder uv keeps what it built as long as its `pyproject.toml` is unchanged,
    /// whatever became of its code.
    pub refresh: bool,
    /// The interpreter's version, for what it cannot fit.
    pub python: String,
}

impl Uv {
    /// Runs one command and returns its standard output.
    pub(super) async fn run(&self, arguments: &[&dyn AsArgument], progress: Progress<'_>) -> Result<String, EnvironmentError> {
        let mut arguments: Vec<OsString> = arguments.iter().map(|argument| argument.argument()).collect();
        arguments.extend(self.refresh.then(|| "--refresh".into()));
        let stdin = self.lock.as_ref().map(File::try_clone).transpose();
        let stdin = stdin.map_err(|error| EnvironmentError::Io { what: "the build's lock was not passed on".into(), error })?;
        let program = Program {
            program: self.program.clone(),
            arguments,
            variables: self.variables.clone(),
            cwd: Some(self.cwd.clone()),
            stdin,
        };
        let mut watch = progress::Watch::default();
        let finished = process::run(program, |line| watch.line(line).into_iter().for_each(progress)).await;
        let finished = finished.map_err(|error| EnvironmentError::NoUv { why: format!("`{}`: {}", self.program.display(), plain(&error)) })?;
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        Err(failure::understand(&finished.stderr, &self.python, finished.status))
    }
}

/// Anything that can be an argument.
pub(super) trait AsArgument: Sync {
    fn argument(&self) -> OsString;
}

impl AsArgument for &str {
    fn argument(&self) -> OsString {
        (*self).into()
    }
}

impl AsArgument for PathBuf {
    fn argument(&self) -> OsString {
        self.into()
    }
}

impl AsArgument for String {
    fn argument(&self) -> OsString {
        self.into()
    }
}

/// The variables that uv runs with: the user's, with pip's settings translated and ours on top.
pub(super) fn variables(home: &Path, plan: &EnvironmentPlan, python_prefix: &Path) -> Vec<(String, String)> {
    variables::for_uv(home, &plan.variables, python_prefix)
}

/// Cuts the user and password out of every address in a text.
pub(super) fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/\"'`<>)".contains(c)).unwrap_or(after.len());
        // One address inside another: the inner one is next.
        let end = after.find("://").map_or(end, |inner| inner.min(end));
        let host = after[..end].rfind('@').map_or(0, |at| at + 1);
        if host > 0 {
            out.push_str("***@");
        }
        out.push_str(&after[host..end]);
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credentials_are_cut_out() {
        let text = "see https://user:s3cret@host/simple and `http://token@h` or https://plain/x@y";
        assert_eq!(redacted(text), "see https://***@host/simple and `http://***@h` or https://plain/x@y");
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[a-zA-Z0-9@:]{8,16}x", before in "[a-z :/]{0,20}", after in "[a-z /@]{0,20}") {
            let cut = redacted(&format!("{before}https://user:{secret}@host/{after}"));
            prop_assert!(!cut.contains(&secret), "{}", cut);
        }
    }
}
