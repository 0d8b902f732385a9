//! Interpreters: found, asked what they are, and one of them chosen.

mod choose;
mod find;
mod known;
mod probe;

use std::{collections::BTreeMap, path::{Path, PathBuf}};

use serde::{Deserialize, Serialize};

use super::{error::EnvironmentError, version::PythonVersion, wish::EnvironmentPlan};

/// A CPython that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// The executable behind all symbolic links.
    pub path: PathBuf,
    /// Its version.
    pub version: PythonVersion,
    /// What compiled packages have to match: implementation tag, flags, machine and C library.
    pub abi: String,
    /// `sys.prefix`.
    pub prefix: PathBuf,
    /// The interpreter that a virtual environment was made from; itself outside of one.
    pub base: PathBuf,
    /// Where it looks for packages.
    pub site_packages: Vec<PathBuf>,
}

impl Interpreter {
    /// True for builds without the global lock, which most compiled packages do not support.
    #[must_use]
    pub fn is_free_threaded(&self) -> bool {
        self.abi.split(' ').nth(1).is_some_and(|flags| flags.contains('t'))
    }
}

/// Finds every interpreter that Caddis could build on, in order of discovery. `home` keeps what was learnt.
pub async fn interpreters(home: &Path, variables: &BTreeMap<String, String>) -> Vec<Interpreter> {
    let mut known = known::Known::load(home);
    let found = all(&mut known, home, variables).await;
    known.save();
    found
}

/// The interpreter that a plan's environment is built on.
pub(super) async fn choose(home: &Path, plan: &EnvironmentPlan) -> Result<Interpreter, EnvironmentError> {
    let mut known = known::Known::load(home);
    let chosen = choose::choose(&mut known, home, plan).await;
    known.save();
    chosen
}

/// What an interpreter at a path says, or why it says nothing.
pub(super) async fn at(home: &Path, python: &Path) -> Result<Interpreter, EnvironmentError> {
    let mut known = known::Known::load(home);
    let answer = known.ask(&[python.to_path_buf()]).await.remove(0);
    known.save();
    answer.map_err(|why| EnvironmentError::PythonUnusable { path: python.to_path_buf(), why })
}

async fn all(known: &mut known::Known, home: &Path, variables: &BTreeMap<String, String>) -> Vec<Interpreter> {
    let candidates = find::candidates(home, variables);
    let mut found = usable(known.ask(&candidates.direct).await);
    // A virtual environment in PATH stands for the interpreter that it was made from.
    let bases: Vec<PathBuf> = found.iter().filter(|one| one.base != one.path).map(|one| one.base.clone()).collect();
    found.extend(usable(known.ask(&bases).await));
    found.retain(|one| one.base == one.path);
    if found.is_empty() {
        found = usable(known.ask_afresh(&candidates.shims).await);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|one| seen.insert(one.path.clone()));
    found
}

fn usable(answers: Vec<Result<Interpreter, String>>) -> Vec<Interpreter> {
    answers.into_iter().flatten().filter(|one| (one.version.major, one.version.minor) >= choose::OLDEST).collect()
}
