//! What was asked for, and what that comes to.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{lines::Line, version::Specifiers};

/// What the user said about the environment of a job, and where they said it.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentWish {
    /// The script, when the job is one.
    pub script: Option<PathBuf>,
    /// The module of `-m`, when the job is one.
    pub module: Option<String>,
    /// `--requirements`.
    pub requirements: Option<PathBuf>,
    /// `--python`: a path, a name in `PATH`, a version (`3.12`) or a range (`>=3.11`).
    pub python: Option<String>,
    /// The Dask line: `2026.3`, or a whole version.
    pub dask: Option<String>,
    /// The working folder of the job; relative paths start there.
    pub cwd: PathBuf,
    /// The user's environment variables. Nothing of this process's own is consulted.
    pub variables: BTreeMap<String, String>,
}

/// Where an environment's contents come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// The embedded lock and nothing else.
    Default,
    /// A script's PEP 723 header, and the requirements file given beside it.
    Script {
        /// The script.
        script: PathBuf,
        /// `--requirements`, when given too.
        requirements: Option<PathBuf>,
    },
    /// A requirements file.
    Requirements {
        /// The file.
        file: PathBuf,
    },
    /// A uv project with its lock.
    Project {
        /// The folder that holds `uv.lock`.
        root: PathBuf,
    },
    /// An environment that somebody else made; used as it is.
    Active {
        /// Its folder.
        prefix: PathBuf,
        /// What named it: `VIRTUAL_ENV`, `CONDA_PREFIX` or `--python`.
        named_by: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default environment"),
            Self::Script { script, requirements: None } => write!(f, "the header of `{}`", script.display()),
            Self::Script { script, requirements: Some(file) } => {
                write!(f, "the header of `{}` and `{}`", script.display(), file.display())
            }
            Self::Requirements { file } => write!(f, "`{}`", file.display()),
            Self::Project { root } => write!(f, "`{}`", root.join("uv.lock").display()),
            Self::Active { prefix, named_by } => write!(f, "`{}` (from `{named_by}`)", prefix.display()),
        }
    }
}

/// How the contents are decided.
#[derive(Debug, Clone)]
pub(super) enum Recipe {
    /// Install the lock of the line.
    Locked,
    /// Resolve these requirements, preferring what the lock of the line has.
    Resolve { requirements: String, constraints: String },
    /// Resolve a PEP 723 script that uses `[tool.uv]`, which only uv itself understands.
    ResolveScript { script: String },
    /// Install what a project's `uv.lock` says.
    Export { root: PathBuf, lock: String, manifest: String },
    /// Build nothing.
    AsIs { python: PathBuf },
}

/// Which interpreter was asked for by name.
#[derive(Debug, Clone)]
pub(super) enum PythonRequest {
    Path(PathBuf),
    Version(Specifiers),
}

/// What a wish comes to. Made by [`super::inspect`], spent by [`super::ensure`].
#[derive(Debug, Clone)]
pub struct EnvironmentPlan {
    /// Where the contents come from.
    pub source: Source,
    /// What was declared there, a line each; empty for the default and for an active environment.
    pub declared: Vec<String>,
    /// What the source demands of the interpreter, and who says so.
    pub requires_python: Option<(Specifiers, String)>,
    /// Things that the user should be told, such as an active environment that was passed over.
    pub notices: Vec<String>,
    /// The Dask line that fills in what the source leaves open.
    pub line: &'static Line,
    pub(super) recipe: Recipe,
    pub(super) python: Option<(PythonRequest, String)>,
    pub(super) local: Vec<PathBuf>,
    pub(super) variables: BTreeMap<String, String>,
}

/// A step of [`super::ensure`], told as it begins or gets on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Looking for an interpreter.
    Interpreter,
    /// Somebody else is building the same environment.
    Waiting,
    /// Obtaining uv.
    Uv,
    /// Deciding which versions.
    Resolve,
    /// Fetching packages, in bytes; `total` grows as uv announces them.
    Download {
        /// Bytes that have arrived, counted package by package.
        done: u64,
        /// Bytes announced so far.
        total: u64,
    },
    /// Compiling a package that has no wheel.
    Compile {
        /// Its name and version.
        package: String,
    },
    /// Writing the packages into the environment.
    Install,
    /// Importing Dask once, which also compiles its bytecode.
    Check,
}
