//! Where interpreters may be: in `PATH`, among uv's own, in the version managers' folders.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Paths worth asking, each named once, behind all symbolic links.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Programs.
    pub direct: Vec<PathBuf>,
    /// Scripts and multiplexers that stand for an interpreter depending on circumstances; asked only when nothing
    /// else is there.
    pub shims: Vec<PathBuf>,
}

/// Names under which an interpreter is found; the newest minor version that may come while this binary is in use.
const NEWEST_MINOR: u32 = 16;

/// Looks at the user's folders. Nothing is started.
pub(super) fn candidates(home: &Path, variables: &BTreeMap<String, String>) -> Candidates {
    let mut names = vec!["python3".to_owned(), "python".to_owned()];
    names.extend((10..=NEWEST_MINOR).rev().map(|minor| format!("python3.{minor}")));
    let mut candidates = Candidates::default();
    let mut seen = HashSet::new();
    let own = fs::canonicalize(home.join("environments")).ok();
    for path in in_path(&names, variables).chain(managed(variables)) {
        let Ok(target) = fs::canonicalize(&path) else { continue };
        let ours = own.as_ref().is_some_and(|own| path.starts_with(own));
        // In a virtual environment the link itself matters: it is what tells Python where it is.
        let path = if in_virtual_environment(&path) { path } else { target.clone() };
        if ours || !is_executable(&target) || !seen.insert(path.clone()) {
            continue;
        }
        let list = if is_shim(&target) { &mut candidates.shims } else { &mut candidates.direct };
        list.push(path);
    }
    candidates
}

fn in_path(names: &[String], variables: &BTreeMap<String, String>) -> impl Iterator<Item = PathBuf> {
    let path = variables.get("PATH").map(String::as_str).unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    folders.into_iter().flat_map(move |folder| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>())
}

/// Interpreters that version managers keep, a folder each.
fn managed(variables: &BTreeMap<String, String>) -> impl Iterator<Item = PathBuf> {
    version_folders(variables).into_iter().flat_map(|folder| {
        let mut versions: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        versions.sort();
        versions.into_iter().map(|version| version.join("bin/python3"))
    })
}

fn version_folders(variables: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let value = |name: &str| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = value("HOME");
    let under = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let data = value("XDG_DATA_HOME").or_else(|| under(".local/share"));
    let uv = value("UV_PYTHON_INSTALL_DIR").or_else(|| data.as_ref().map(|data| data.join("uv/python")));
    let pyenv = value("PYENV_ROOT").or_else(|| under(".pyenv")).map(|root| root.join("versions"));
    let mise = value("MISE_DATA_DIR").or_else(|| data.map(|data| data.join("mise"))).map(|root| root.join("installs/python"));
    let asdf = value("ASDF_DATA_DIR").or_else(|| under(".asdf")).map(|root| root.join("installs/python"));
    [uv, pyenv, mise, asdf].into_iter().flatten().chain(beside_shims(variables)).collect()
}

/// The folders of pyenv and asdf whose shims are in `PATH`, wherever they are: with another `HOME` nothing else says where.
fn beside_shims(variables: &BTreeMap<String, String>) -> impl Iterator<Item = PathBuf> {
    let path = variables.get("PATH").map(String::as_str).unwrap_or_default();
    let roots = std::env::split_paths(path).filter(|folder| folder.is_absolute() && folder.ends_with("shims"));
    let roots: Vec<PathBuf> = roots.filter_map(|shims| shims.parent().map(Path::to_owned)).collect();
    roots.into_iter().flat_map(|root| [root.join("versions"), root.join("installs/python")])
}

fn in_virtual_environment(path: &Path) -> bool {
    path.parent().and_then(Path::parent).is_some_and(|prefix| prefix.join("pyvenv.cfg").is_file())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn is_shim(target: &Path) -> bool {
    let named = target.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let mut magic = [0; 4];
    let program = fs::File::open(target).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && &magic == b"\x7fELF";
    !named || !program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(path: &Path, contents: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn finds_each_once_and_sets_shims_apart() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        install(&root.join("bin/python3.12"), b"\x7fELF....");
        std::os::unix::fs::symlink("python3.12", root.join("bin/python3")).unwrap();
        install(&root.join("shims/python3"), b"#!/bin/sh\n");
        install(&root.join("pyenv/versions/3.11.7/bin/python3"), b"\x7fELF....");
        install(&root.join("uv/cpython-3.13.0-linux/bin/python3"), b"\x7fELF....");
        fs::write(root.join("bin/python3.10"), b"\x7fELF....").unwrap();
        let path = format!("{0}/shims:{0}/bin:relative", root.display());
        let variables = [("PATH", path), ("PYENV_ROOT", format!("{}/pyenv", root.display())), ("UV_PYTHON_INSTALL_DIR", format!("{}/uv", root.display()))];
        let variables: BTreeMap<String, String> = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let found = candidates(&root.join("home"), &variables);
        let expected = ["bin/python3.12", "uv/cpython-3.13.0-linux/bin/python3", "pyenv/versions/3.11.7/bin/python3"];
        assert_eq!(found.direct, expected.map(|path| root.join(path)));
        assert_eq!(found.shims, [root.join("shims/python3")]);
        install(&root.join("elsewhere/shims/python3"), b"#!/bin/sh\n");
        install(&root.join("elsewhere/versions/3.10.13/bin/python3"), b"\x7fELF....");
        let path = [("PATH".to_owned(), root.join("elsewhere/shims").display().to_string())].into();
        let found = candidates(&root.join("home"), &path);
        assert_eq!(found.direct, [root.join("elsewhere/versions/3.10.13/bin/python3")], "pyenv's, though nothing names it");
    }
}
