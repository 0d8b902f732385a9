//! The environment that the user has activated, or named with `--python`.
//!
//! It is used as it is: nothing is installed into it, nothing in it is written.

use std::path::{Path, PathBuf};

use super::{facts, wish::EnvironmentWish};

/// An environment found in the user's variables.
#[derive(Debug)]
pub(super) struct Active {
    pub prefix: PathBuf,
    pub python: PathBuf,
    pub named_by: &'static str,
}

/// Finds the active environment. What had to be passed over is told in `notices`.
pub(super) fn find(wish: &EnvironmentWish, notices: &mut Vec<String>) -> Option<Active> {
    let value = |name: &str| wish.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(prefix) = value("VIRTUAL_ENV") {
        if let Some(active) = at(&prefix, "VIRTUAL_ENV") {
            return Some(active);
        }
        notices.push(format!("`VIRTUAL_ENV` names `{}`, where there is no Python; it is passed over", prefix.display()));
    }
    let active = at(&value("CONDA_PREFIX")?, "CONDA_PREFIX")?;
    let base = wish.variables.get("CONDA_DEFAULT_ENV").is_some_and(|name| name == "base");
    if base && facts::facts("", &facts::site_packages_of(&active.prefix)).distributed.is_none() {
        notices.push("Conda's `base` has no Dask; it is passed over".into());
        return None;
    }
    Some(active)
}

/// The environment that an interpreter belongs to. One of Conda counts when it has Dask, else it is just a Python.
pub(super) fn of_python(python: &Path) -> Option<Active> {
    let prefix = python.parent()?.parent()?;
    let conda = || prefix.join("conda-meta").is_dir() && facts::facts("", &facts::site_packages_of(prefix)).distributed.is_some();
    let inside = prefix.join("pyvenv.cfg").is_file() || conda();
    let named_by = "--python";
    (inside && python.exists()).then(|| Active { prefix: prefix.to_path_buf(), python: python.to_path_buf(), named_by })
}

fn at(prefix: &Path, named_by: &'static str) -> Option<Active> {
    let python = prefix.join("bin/python");
    python.exists().then(|| Active { prefix: prefix.to_path_buf(), python, named_by })
}
