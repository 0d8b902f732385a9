//! What can go wrong on the way to an environment, with a stable code and advice for each.

use std::{io, path::{Path, PathBuf}};

use crate::plain;

/// Why there is no environment. `code` is for programs, the text and `hint` for people.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what it and its fields are")]
pub enum EnvironmentError {
    #[error("there is no usable Python on this machine: looked at {searched}")]
    NoPython { searched: String },
    #[error("no Python here is {wanted}; found {found}")]
    PythonNotFound { wanted: String, found: String },
    #[error("`{}` cannot be used as Python: {why}", path.display())]
    PythonUnusable { path: PathBuf, why: String },
    #[error("uv, which installs packages, could not be obtained: {why}")]
    NoUv { why: String },
    #[error("`{}` cannot be read: {why}", file.display())]
    Unreadable { file: PathBuf, why: String },
    #[error("the header of `{}` is malformed at line {line}{}: {why}", file.display(), field_text(field))]
    MalformedMetadata { file: PathBuf, line: usize, field: Option<String>, why: String },
    #[error("`{requirement}` is not a valid requirement: {why}")]
    RequirementInvalid { requirement: String, why: String },
    #[error("`{requirement}` does not exist: {report}")]
    RequirementNotFound { requirement: String, report: String },
    #[error("no version of `{requirement}` fits: {report}")]
    RequirementNoVersion { requirement: String, report: String },
    #[error("`{requirement}` does not work with Python {python}: {report}")]
    RequirementNeedsPython { requirement: String, python: String, report: String },
    #[error("`{requirement}` has no build for this machine and Python: {report}")]
    RequirementNotForPlatform { requirement: String, report: String },
    #[error("the requirements contradict each other: {report}")]
    RequirementConflict { report: String },
    #[error("`{requirement}` could not be built from source:\n{tail}")]
    BuildFailed { requirement: String, tail: String, advice: Option<String> },
    #[error("what the index serves for `{requirement}` is not what the lock names: the hashes differ")]
    HashMismatch { requirement: String },
    #[error("the package index was not reached at `{at}`: {why}")]
    Network { at: String, why: String },
    #[error("the package index at `{at}` refused: {why}")]
    IndexRefused { at: String, why: String },
    #[error("the disk is full: {what}")]
    DiskFull { what: String },
    #[error("`{}` cannot be written to: {why}", folder.display())]
    HomeNotWritable { folder: PathBuf, why: String },
    #[error("{place} has no `distributed`, so it cannot run a Dask cluster")]
    NoDistributed { place: String, source_hint: String },
    #[error("{place} has distributed {version}; Caddis works with {minimum} and newer")]
    DistributedTooOld { place: String, version: String, minimum: &'static str },
    #[error("no embedded Dask line is `{wanted}`; there are {known}")]
    UnknownDask { wanted: String, known: String },
    #[error("`{}` cannot be used: {why}", file.display())]
    LockInvalid { file: PathBuf, why: String },
    #[error("the environment was built, but `import {module}` fails in it:\n{tail}")]
    ImportFailed { module: String, tail: String },
    #[error("there is no environment `{id}`")]
    NotFound { id: String },
    #[error("environment `{id}` is in use")]
    InUse { id: String },
    #[error("uv failed: {report}")]
    UvFailed { report: String },
    #[error("{what}: {}", plain(error))]
    Io { what: String, #[source] error: io::Error },
}

impl EnvironmentError {
    /// The stable name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPython { .. } => "no_python",
            Self::PythonNotFound { .. } => "python_not_found",
            Self::PythonUnusable { .. } => "python_unusable",
            Self::NoUv { .. } => "no_uv",
            Self::Unreadable { .. } => "unreadable",
            Self::MalformedMetadata { .. } => "malformed_metadata",
            Self::RequirementInvalid { .. } => "requirement_invalid",
            Self::RequirementNotFound { .. } => "requirement_not_found",
            Self::RequirementNoVersion { .. } => "requirement_no_version",
            Self::RequirementNeedsPython { .. } => "requirement_needs_python",
            Self::RequirementNotForPlatform { .. } => "requirement_not_for_platform",
            Self::RequirementConflict { .. } => "requirement_conflict",
            Self::BuildFailed { .. } => "build_failed",
            Self::HashMismatch { .. } => "hash_mismatch",
            Self::Network { .. } => "network",
            Self::IndexRefused { .. } => "index_refused",
            Self::DiskFull { .. } => "disk_full",
            Self::HomeNotWritable { .. } => "home_not_writable",
            Self::NoDistributed { .. } => "no_distributed",
            Self::DistributedTooOld { .. } => "distributed_too_old",
            Self::UnknownDask { .. } => "unknown_dask",
            Self::LockInvalid { .. } => "lock_invalid",
            Self::ImportFailed { .. } => "import_failed",
            Self::NotFound { .. } => "environment_not_found",
            Self::InUse { .. } => "environment_in_use",
            Self::UvFailed { .. } => "uv_failed",
            Self::Io { .. } => "io",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoPython { .. } => {
                "install Python 3.10 to 3.13 (for instance `apt install python3 python3-pip`), or name one with `--python PATH`".into()
            }
            Self::PythonNotFound { .. } => {
                "install that version (for instance `uv python install 3.12`), or choose another with `--python`".into()
            }
            Self::PythonUnusable { .. } => "name another one with `--python PATH` or `--python 3.12`".into(),
            Self::NoUv { .. } => "install pip for that Python (`apt install python3-pip` or `python3 -m ensurepip`), or put `uv` into PATH".into(),
            Self::Unreadable { .. } => "check the path and its permissions".into(),
            Self::MalformedMetadata { .. } => {
                "a header is `# /// script`, lines of TOML that each begin with `# `, and `# ///`".into()
            }
            Self::RequirementInvalid { .. } => "write it as `name`, `name>=1.2` or `name @ https://...`".into(),
            Self::RequirementNotFound { .. } => {
                "check the spelling; for a private index set it in pip's configuration, `PIP_INDEX_URL` or `UV_INDEX`".into()
            }
            Self::RequirementNoVersion { .. } => "loosen the version, or check that your index has it".into(),
            Self::RequirementNeedsPython { .. } | Self::RequirementNotForPlatform { .. } => {
                "choose another Python with `--python`, or another version of the package".into()
            }
            Self::RequirementConflict { .. } => {
                "loosen one of the requirements named above; Dask's own version is chosen with `dask = \"2026.3\"` or a pin".into()
            }
            Self::BuildFailed { advice: Some(advice), .. } => advice.clone(),
            Self::BuildFailed { .. } => "choose a version that has a wheel, or install what its build needs".into(),
            Self::HashMismatch { .. } => {
                "if your index rebuilds packages, use one that serves the originals; otherwise treat this as tampering".into()
            }
            Self::Network { why, .. } if why.contains("certificate") => {
                "set `SSL_CERT_FILE` or pip's `cert` to your certificate bundle".into()
            }
            Self::Network { .. } => {
                "check the connection; a proxy or an index goes into pip's configuration, `HTTPS_PROXY` or `PIP_INDEX_URL`".into()
            }
            Self::IndexRefused { .. } => "check the credentials of your index, in pip's configuration or `~/.netrc`".into(),
            Self::DiskFull { .. } => "make room (`caddis prune` removes unused environments), or move the state with `CADDIS_HOME`".into(),
            Self::HomeNotWritable { .. } => "set `CADDIS_HOME` to a folder that you can write to".into(),
            Self::NoDistributed { source_hint, .. } => source_hint.clone(),
            Self::DistributedTooOld { minimum, .. } => format!("require `distributed>={minimum}`"),
            Self::UnknownDask { .. } => "another version can be pinned in the script's header or in `--requirements`".into(),
            Self::LockInvalid { .. } => "run `uv lock` in that project".into(),
            Self::ImportFailed { .. } => "pin the package named in the last line to another version".into(),
            Self::NotFound { .. } => "`caddis environment list` shows them".into(),
            Self::InUse { .. } => "wait for what runs in it, or stop that first".into(),
            Self::UvFailed { .. } | Self::Io { .. } => "run it again; if it stays, the message says where to look".into(),
        }
    }

    /// Wraps an I/O error, telling a full disk and a folder that cannot be written from the rest.
    pub(super) fn io(what: &str, path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { what: format!("{what} `{}`", path.display()) }
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::HomeNotWritable { folder: path.to_path_buf(), why: plain(&error) }
            }
            _ => Self::Io { what: format!("{what} `{}`", path.display()), error },
        }
    }
}

fn field_text(field: &Option<String>) -> String {
    field.as_ref().map(|field| format!(" (`{field}`)")).unwrap_or_default()
}
