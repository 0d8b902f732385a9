//! What the server asks the keeper to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::KEY_MAX;

/// What a member is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The cluster's Dask scheduler.
    Scheduler,
    /// A Dask worker.
    Worker,
    /// A program that sets the cluster up.
    Setup,
    /// A user's script.
    Job,
}

impl Kind {
    /// Whether the user's own code runs in it, which may never be run twice.
    #[must_use]
    pub fn is_script(self) -> bool {
        matches!(self, Self::Setup | Self::Job)
    }
}

/// Where a member's standard input comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdin {
    /// `/dev/null`.
    #[default]
    Null,
    /// The FIFO `stdin` in the member's folder, held open until `close_stdin`.
    Fifo,
}

/// A Python interpreter, and everything that a process forked from it inherits: together the fork server's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// The absolute path of its `python`.
    pub python: PathBuf,
    /// Fork members from an imported fork server; otherwise each is a fresh interpreter.
    #[serde(default)]
    pub fork: bool,
    /// Variables that are read at import time.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Modules imported early.
    #[serde(default)]
    pub preload: Vec<String>,
    /// Names the content of the environment's site-packages.
    #[serde(default)]
    pub fingerprint: String,
}

/// One member to start. The caller has made `folder` (and its FIFO) before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// `<cluster>/<name>`: started at most once, for ever.
    pub key: String,
    /// The cluster it belongs to.
    pub cluster: String,
    /// What it is for.
    pub kind: Kind,
    /// `<home>/clusters/<cluster>/members/<name>`.
    pub folder: PathBuf,
    /// What runs it.
    pub interpreter: Interpreter,
    /// Put on `PYTHONPATH`; holds the package `caddis`.
    pub runtime: PathBuf,
    /// The member's whole environment; nothing is inherited.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Its working folder.
    pub cwd: PathBuf,
    /// Its file mode creation mask.
    #[serde(default = "default_umask")]
    pub umask: u32,
    /// Its standard input.
    #[serde(default)]
    pub stdin: Stdin,
    /// Opened for appending, created 0600.
    pub stdout: PathBuf,
    /// Opened for appending, created 0600.
    pub stderr: PathBuf,
    /// Bytes of resident memory it may have.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// The share of `memory_limit` above which it is killed.
    #[serde(default = "default_terminate")]
    pub terminate: f64,
    /// Bytes kept of each output file.
    #[serde(default)]
    pub output_limit: Option<u64>,
    /// The cluster's lease: touched every 10 s while a job lives, watched while anything does.
    #[serde(default)]
    pub lease: Option<PathBuf>,
    /// How long the lease lasts; the cluster is ended a minute after that.
    #[serde(default)]
    pub lease_seconds: Option<u64>,
    /// Handed to the member unread.
    #[serde(default)]
    pub role: serde_json::Value,
}

fn default_umask() -> u32 {
    0o022
}

fn default_terminate() -> f64 {
    0.98
}

impl Launch {
    /// The member's name: its key without the cluster.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.get(self.cluster.len() + 1..).unwrap_or_default()
    }

    /// Says what is wrong with it, before anything is done.
    ///
    /// # Errors
    /// The first rule that it breaks, in words for the caller.
    pub fn check(&self) -> Result<(), String> {
        check_key(&self.key, &self.cluster)?;
        for (what, path) in self.paths() {
            if !path.is_absolute() {
                return Err(format!(
                    "`{what}` is not an absolute path: `{}`",
                    path.display()
                ));
            }
        }
        for name in self.env.keys().chain(self.interpreter.env.keys()) {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("`{name}` cannot be the name of a variable"));
            }
        }
        if self.terminate.is_nan() || self.terminate <= 0.0 {
            return Err(format!(
                "`terminate` must be above 0, it is {}",
                self.terminate
            ));
        }
        Ok(())
    }

    fn paths(&self) -> Vec<(&'static str, &Path)> {
        let mut all: Vec<(&'static str, &Path)> = vec![
            ("folder", &self.folder),
            ("interpreter.python", &self.interpreter.python),
            ("runtime", &self.runtime),
            ("cwd", &self.cwd),
            ("stdout", &self.stdout),
            ("stderr", &self.stderr),
        ];
        all.extend(self.lease.as_deref().map(|lease| ("lease", lease)));
        all
    }
}

fn check_key(key: &str, cluster: &str) -> Result<(), String> {
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let name = key
        .strip_prefix(cluster)
        .and_then(|rest| rest.strip_prefix('/'));
    let proper = |part: &str| {
        plain(part) && !part.starts_with('.') && !part.ends_with('.') && !part.is_empty()
    };
    match name {
        Some(name) if proper(name) && proper(cluster) && key.len() <= KEY_MAX => Ok(()),
        _ => Err(format!(
            "`{key}` is not a key of cluster `{cluster}`: it is `<cluster>/<name>` of letters, digits and `._-`, \
             neither begins or ends with a dot, and at most {KEY_MAX} bytes"
        )),
    }
}
