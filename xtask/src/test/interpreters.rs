//! The Pythons that tests run on, said before any of them does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Result, bail};

use crate::process;

/// Prints them; fewer than two versions of 3.10 to 3.13 fail.
pub(super) fn check() -> Result<()> {
    let mut found: BTreeMap<u32, PathBuf> = BTreeMap::new();
    for candidate in candidates() {
        if let Some(minor) = minor(&candidate) {
            found.entry(minor).or_insert(candidate);
        }
    }
    for (minor, path) in found.iter().rev() {
        println!("python 3.{minor}: {}", path.display());
    }
    if found.len() < 2 {
        bail!("the tests need Python 3.10 to 3.13 in two versions, found {}\nhint: `uv python install 3.12`, or pyenv", found.len());
    }
    Ok(())
}

/// In PATH (no shims, which may refuse), and in the folders of uv and pyenv; pyenv is where its shims are, too.
pub(super) fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).filter(|folder| !folder.components().any(|part| part.as_os_str() == "shims"));
    let mut all: Vec<PathBuf> = folders.flat_map(|folder| (10..=13).map(move |n| folder.join(format!("python3.{n}")))).collect();
    let home = env::var_os("HOME").map(PathBuf::from);
    let under = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let uv = env::var_os("UV_PYTHON_INSTALL_DIR").map(PathBuf::from);
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(|| under(".local/share"));
    let uv = uv.or_else(|| data.map(|data| data.join("uv/python")));
    // A plugin has shims too, and no versions.
    let rooted = |folder: PathBuf| folder.parent().filter(|root| folder.ends_with("shims") && root.join("versions").is_dir()).map(PathBuf::from);
    let shims = || env::split_paths(&path).find_map(rooted);
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(shims).or_else(|| under(".pyenv"));
    let pyenv = pyenv.map(|root| root.join("versions"));
    for folder in [uv, pyenv].into_iter().flatten() {
        all.extend(fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3")));
    }
    all
}

fn minor(python: &PathBuf) -> Option<u32> {
    let code = "import sys; print(*sys.version_info[:2])";
    let said = python.exists().then(|| process::output(Command::new(python).args(["-I", "-c", code])))?.ok()?;
    let (major, minor) = said.trim().split_once(' ')?;
    let minor = minor.parse().ok()?;
    (major == "3" && (10..=13).contains(&minor)).then_some(minor)
}
