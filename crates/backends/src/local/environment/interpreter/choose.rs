//! Which of the interpreters: the one asked for, else one that fits the script, else the newest supported.

use std::{cmp::Reverse, io::Read, path::{Path, PathBuf}};

use super::{
    super::{
        error::EnvironmentError,
        version::PythonVersion,
        wish::{EnvironmentPlan, PythonRequest},
    },
    Interpreter, all, known::Known,
};

/// The oldest Python that any embedded Dask line supports.
pub(super) const OLDEST: (u32, u32) = (3, 10);

/// The newest that the embedded locks are tested with. Newer ones are taken when nothing else fits.
const NEWEST_TESTED: (u32, u32) = (3, 13);

pub(super) async fn choose(known: &mut Known, home: &Path, plan: &EnvironmentPlan) -> Result<Interpreter, EnvironmentError> {
    if let Some((PythonRequest::Path(path), said)) = &plan.python {
        return named(known, path, said, plan).await;
    }
    let found = all(known, home, &plan.variables).await;
    if found.is_empty() {
        return Err(EnvironmentError::NoPython { searched: searched(plan) });
    }
    let preferred = active_version(known, plan).await;
    let mut fitting: Vec<&Interpreter> = found.iter().filter(|one| fits(one.version, plan)).collect();
    // The sort is stable, so among equals the first in PATH wins.
    fitting.sort_by_key(|one| Reverse(rank(one, preferred)));
    fitting.first().map(|one| (*one).clone()).ok_or_else(|| none_fits(&found, plan))
}

/// `--python PATH`: this one or none.
async fn named(known: &mut Known, path: &Path, said: &str, plan: &EnvironmentPlan) -> Result<Interpreter, EnvironmentError> {
    let unusable = |why: String| EnvironmentError::PythonUnusable { path: path.to_path_buf(), why };
    let paths = [path.to_path_buf()];
    let mut answers = if is_shim(path) { known.ask_afresh(&paths).await } else { known.ask(&paths).await };
    let mut chosen = answers.remove(0).map_err(unusable)?;
    if chosen.base != chosen.path {
        chosen = known.ask(&[chosen.base]).await.remove(0).map_err(unusable)?;
    }
    if (chosen.version.major, chosen.version.minor) < OLDEST {
        return Err(unusable(format!("it is Python {}; Dask needs {}.{} or newer", chosen.version, OLDEST.0, OLDEST.1)));
    }
    match &plan.requires_python {
        Some((range, who)) if !range.allow(chosen.version) => Err(EnvironmentError::PythonNotFound {
            wanted: format!("{said} and `{range}`, which {who} demands"),
            found: format!("{} there", chosen.version),
        }),
        _ => Ok(chosen),
    }
}

/// A script that looks for the interpreter each time, as pyenv's and asdf's are. A program is what it is: to run one
/// takes 20 ms, which every cluster would wait for.
fn is_shim(path: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

fn fits(version: PythonVersion, plan: &EnvironmentPlan) -> bool {
    let asked = match &plan.python {
        Some((PythonRequest::Version(range), _)) => range.allow(version),
        _ => true,
    };
    asked && plan.requires_python.as_ref().is_none_or(|(range, _)| range.allow(version))
}

fn rank(one: &Interpreter, preferred: Option<PythonVersion>) -> (bool, bool, bool, PythonVersion) {
    let minor = (one.version.major, one.version.minor);
    let same = preferred.is_some_and(|active| (active.major, active.minor) == minor);
    let ordinary = !one.is_free_threaded() && one.version.released;
    (ordinary, same, minor <= NEWEST_TESTED, one.version)
}

/// The Python of the active environment: what the user works with, also where its packages are not used.
async fn active_version(known: &mut Known, plan: &EnvironmentPlan) -> Option<PythonVersion> {
    let named = ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().find_map(|name| plan.variables.get(*name).filter(|value| !value.is_empty()))?;
    let python = PathBuf::from(named).join("bin/python");
    if !python.exists() {
        return None;
    }
    known.ask(&[python]).await.remove(0).ok().map(|one| one.version)
}

fn none_fits(found: &[Interpreter], plan: &EnvironmentPlan) -> EnvironmentError {
    let asked = plan.python.as_ref().map(|(_, said)| said.clone());
    let demanded = plan.requires_python.as_ref().map(|(range, who)| format!("`{range}`, which {who} demands"));
    let wanted: Vec<String> = asked.into_iter().chain(demanded).collect();
    let mut versions: Vec<PythonVersion> = found.iter().map(|one| one.version).collect();
    versions.sort();
    versions.dedup();
    let found = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    EnvironmentError::PythonNotFound { wanted: wanted.join(" and "), found }
}

fn searched(plan: &EnvironmentPlan) -> String {
    let path = plan.variables.get("PATH").map(String::as_str).unwrap_or_default();
    format!("`PATH` ({path}), the interpreters of uv, pyenv, mise and asdf, for CPython {}.{} or newer", OLDEST.0, OLDEST.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(minor: u32, patch: u32, flags: &str) -> Interpreter {
        let version = PythonVersion { major: 3, minor, patch, released: true };
        let path = PathBuf::from(format!("/bin/python3.{minor}{flags}"));
        let abi = format!("cpython-3{minor} {flags} x86_64 glibc");
        Interpreter { path: path.clone(), version, abi, prefix: "/".into(), base: path, site_packages: Vec::new() }
    }

    fn best(found: &[Interpreter], preferred: Option<&Interpreter>) -> String {
        let preferred = preferred.map(|one| one.version);
        found.iter().max_by_key(|one| rank(one, preferred)).unwrap().path.display().to_string()
    }

    #[test]
    fn a_script_is_a_shim_and_a_program_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("python3");
        std::fs::write(&script, "#!/bin/sh\nexec python3\n").unwrap();
        assert!(is_shim(&script));
        assert!(!is_shim(&std::env::current_exe().unwrap()));
        assert!(!is_shim(&folder.path().join("nothing")));
    }

    #[test]
    fn the_newest_tested_comes_before_newer_and_odd_ones() {
        let found = [interpreter(10, 9, "-"), interpreter(13, 0, "-"), interpreter(13, 5, "t"), interpreter(15, 0, "-")];
        assert_eq!(best(&found, None), "/bin/python3.13-");
        assert_eq!(best(&found, Some(&found[0])), "/bin/python3.10-");
        assert_eq!(best(&found[2..], None), "/bin/python3.15-");
    }
}
