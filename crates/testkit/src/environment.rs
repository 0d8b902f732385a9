//! One Python environment for all tests of a build folder, made by Caddis itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::build_folder;

/// The virtual environment that tests activate, made on first use. Other tests wait for it.
pub fn environment(caddis: &Path) -> PathBuf {
    let folder = build_folder().join("test-environment");
    fs::create_dir_all(&folder).expect("make the folder of the test environment");
    let lock = File::create(folder.join("lock")).expect("make its lock");
    lock.lock().expect("wait for its lock");
    let home = folder.join("home");
    if let Some(found) = ready(&home) {
        return found;
    }
    private(&home);
    let script = folder.join("nothing.py");
    fs::write(&script, "").expect("write a script");
    let output = Command::new(caddis)
        .args(["run", "--workers", "1"])
        .arg(&script)
        .env("CADDIS_HOME", &home)
        .env_remove("VIRTUAL_ENV")
        .stdin(Stdio::null())
        .output()
        .expect("start caddis");
    for process in crate::processes_naming(&home.display().to_string()) {
        process.kill(rustix::process::Signal::KILL);
    }
    assert!(output.status.success(), "the test environment: {}", String::from_utf8_lossy(&output.stderr));
    ready(&home).expect("an environment was built")
}

fn private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).expect("make a state folder");
}

/// Tests may build others beside it, with more in them: what nobody asked for is the one that all share.
fn ready(home: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(home.join("environments")).ok()?;
    let asked_for_nothing = |folder: &PathBuf| {
        let text = fs::read(folder.join("environment.json")).unwrap_or_default();
        serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|said| said["source"]["kind"] == "default")
    };
    entries.flatten().map(|entry| entry.path()).find(asked_for_nothing).map(|folder| folder.join("venv"))
}

/// Usable Pythons of this machine: PATH, uv's and pyenv's folders, each with its `major.minor`, newest first, one a line.
pub fn interpreters() -> Vec<(String, PathBuf)> {
    let mut candidates: Vec<PathBuf> = Vec::new();
    let path = std::env::var("PATH").unwrap_or_default();
    for folder in path.split(':').filter(|folder| !folder.contains("shims")) {
        candidates.extend((10..=13).map(|minor| Path::new(folder).join(format!("python3.{minor}"))));
    }
    for folder in managed() {
        candidates.extend(fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python3")));
    }
    let mut found = std::collections::BTreeMap::new();
    for candidate in candidates {
        if let Some(version) = version(&candidate) {
            found.entry(version).or_insert(candidate);
        }
    }
    found.into_iter().rev().map(|((major, minor), path)| (format!("{major}.{minor}"), path)).collect()
}

/// Where uv and pyenv keep a folder for each interpreter.
fn managed() -> Vec<PathBuf> {
    let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let under = |folder: &str| value("HOME").map(|home| home.join(folder));
    let data = value("XDG_DATA_HOME").or_else(|| under(".local/share"));
    let uv = value("UV_PYTHON_INSTALL_DIR").or_else(|| data.map(|data| data.join("uv/python")));
    let pyenv = value("PYENV_ROOT").or_else(shims).or_else(|| under(".pyenv")).map(|root| root.join("versions"));
    [uv, pyenv].into_iter().flatten().collect()
}

/// The folder of pyenv whose shims are in `PATH`: with another `HOME` nothing else says where it is.
fn shims() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // A plugin has shims too, and no versions.
    let rooted = |folder: PathBuf| folder.parent().filter(|root| folder.ends_with("shims") && root.join("versions").is_dir()).map(Path::to_owned);
    std::env::split_paths(&path).find_map(rooted)
}

fn version(python: &Path) -> Option<(u32, u32)> {
    let code = "import sys; print(*sys.version_info[:2])";
    let output = Command::new(python).args(["-I", "-c", code]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().split_once(' ')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    (output.status.success() && ((3, 10)..=(3, 13)).contains(&version)).then_some(version)
}
