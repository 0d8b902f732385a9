//! Having uv: its wheel, pinned by hash, fetched by pip from whatever index the user has configured.
//!
//! It lands whole in `<home>/tools/uv-<version>/` by a rename, under a lock, so that two who want it at once get one
//! copy. Where no pip is to be had, a uv in `PATH` of at least the pinned version serves.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::{Path, PathBuf}, time::Duration};

use super::{super::{
    error::EnvironmentError,
    folder::Lock,
    interpreter::{self, Interpreter},
    lines::{UV_LOCK, UV_VERSION},
    process::{self, Finished, Program},
    wish::{EnvironmentPlan, Stage},
}, Progress, failure, variables};
use crate::plain;

/// Takes the one program out of the wheel.
const UNPACK: &str = "\
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if name.endswith('.data/scripts/uv')]
open(sys.argv[2], 'wb').write(wheel.read(name))
";

/// Why one way to uv did not work.
enum Failed {
    /// There is no pip there; another way may work.
    NoPip,
    Because(EnvironmentError),
}

/// The path of a uv of the pinned version or newer.
pub(in super::super) async fn obtain(
    home: &Path,
    plan: &EnvironmentPlan,
    interpreter: &Interpreter,
    progress: Progress<'_>,
) -> Result<PathBuf, EnvironmentError> {
    let tools = home.join("tools");
    let place = tools.join(format!("uv-{UV_VERSION}"));
    let program = place.join("uv");
    if program.is_file() {
        return Ok(program);
    }
    progress(Stage::Uv);
    fs::create_dir_all(&tools).map_err(|error| EnvironmentError::io("no folder could be made at", &tools, error))?;
    let _lock = Lock::exclusive(&tools.join(format!(".uv-{UV_VERSION}.lock"))).await?;
    if program.is_file() {
        return Ok(program);
    }
    let scratch = tempfile::Builder::new().prefix(".uv-").tempdir_in(&tools);
    let scratch = scratch.map_err(|error| EnvironmentError::io("no folder could be made in", &tools, error))?;
    match fetch_somehow(home, plan, interpreter, scratch.path()).await {
        Ok(()) => {}
        Err(Failed::Because(error)) => return Err(error),
        Err(Failed::NoPip) => return in_path(plan).await,
    }
    let fetched = scratch.path().join("ready");
    fs::rename(&fetched, &place).map_err(|error| EnvironmentError::io("uv could not be put at", &place, error))?;
    Ok(program)
}

/// Tries the chosen interpreter's pip, one made by `venv`, and the pips of the other interpreters.
async fn fetch_somehow(home: &Path, plan: &EnvironmentPlan, interpreter: &Interpreter, scratch: &Path) -> Result<(), Failed> {
    match fetch(&interpreter.path, plan, scratch).await {
        Err(Failed::NoPip) => {}
        done => return done,
    }
    if let Some(python) = venv_with_pip(&interpreter.path, plan, scratch).await {
        return fetch(&python, plan, scratch).await;
    }
    for other in interpreter::interpreters(home, &plan.variables).await {
        match fetch(&other.path, plan, scratch).await {
            Err(Failed::NoPip) => {}
            done => return done,
        }
    }
    Err(Failed::NoPip)
}

async fn fetch(python: &Path, plan: &EnvironmentPlan, scratch: &Path) -> Result<(), Failed> {
    let lock = scratch.join("uv.txt");
    write(&lock, UV_LOCK)?;
    let wheels = scratch.join("wheels");
    let arguments = ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"];
    let mut arguments: Vec<_> = arguments.map(Into::into).into();
    arguments.extend([lock.into_os_string(), "--dest".into(), wheels.clone().into_os_string()]);
    let finished = run(python, arguments, plan, Duration::from_secs(900)).await?;
    if !finished.status.success() {
        return Err(refused(&finished, scratch));
    }
    let wheel = fs::read_dir(&wheels).ok().and_then(|mut entries| entries.next()?.ok());
    let wheel = wheel.ok_or_else(|| Failed::Because(no_uv("pip said that it fetched a wheel, and there is none")))?.path();
    unpack(python, &wheel, plan, scratch).await
}

async fn unpack(python: &Path, wheel: &Path, plan: &EnvironmentPlan, scratch: &Path) -> Result<(), Failed> {
    let ready = scratch.join("ready");
    let program = ready.join("uv");
    let failed = |error| Failed::Because(EnvironmentError::io("uv could not be written to", &ready, error));
    fs::create_dir_all(&ready).map_err(failed)?;
    let arguments = vec!["-c".into(), UNPACK.into(), wheel.into(), program.clone().into_os_string()];
    let finished = run(python, arguments, plan, Duration::from_secs(120)).await?;
    if !finished.status.success() {
        return Err(refused(&finished, scratch));
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    fs::File::open(&program).and_then(|file| file.sync_all()).map_err(failed)?;
    match version(&program, plan).await {
        Ok(_) => Ok(()),
        Err(why) => Err(Failed::Because(no_uv(&format!("it was fetched to `{}` and does not run there: {why}", ready.display())))),
    }
}

/// A scratch environment whose pip comes with the interpreter; `None` where `venv` or `ensurepip` is left out.
async fn venv_with_pip(python: &Path, plan: &EnvironmentPlan, scratch: &Path) -> Option<PathBuf> {
    let folder = scratch.join("venv");
    let arguments = vec!["-m".into(), "venv".into(), folder.clone().into_os_string()];
    let finished = run(python, arguments, plan, Duration::from_secs(120)).await.ok()?;
    finished.status.success().then(|| folder.join("bin/python"))
}

/// The uv that the user has, when it is new enough.
async fn in_path(plan: &EnvironmentPlan) -> Result<PathBuf, EnvironmentError> {
    let path = plan.variables.get("PATH").map(String::as_str).unwrap_or_default();
    let mut seen = Vec::new();
    for candidate in std::env::split_paths(path).map(|folder| folder.join("uv")).filter(|candidate| candidate.is_file()) {
        match version(&candidate, plan).await {
            Ok(version) if version >= numbers(UV_VERSION) => return Ok(candidate),
            Ok(_) => seen.push(format!("`{}` is older than {UV_VERSION}", candidate.display())),
            Err(why) => seen.push(format!("`{}`: {why}", candidate.display())),
        }
    }
    seen.insert(0, "no Python here has pip, nor `venv` with `ensurepip`".into());
    seen.push(format!("no other uv {UV_VERSION} or newer is in PATH"));
    Err(no_uv(&seen.join("; ")))
}

async fn version(uv: &Path, plan: &EnvironmentPlan) -> Result<Vec<u64>, String> {
    let program = Program {
        program: uv.into(),
        arguments: vec!["--version".into()],
        variables: variables::for_pip(&plan.variables),
        ..Program::default()
    };
    let finished = process::run_within(program, Duration::from_secs(20)).await.map_err(|error| plain(&error))?;
    let word = finished.stdout.split_whitespace().nth(1).filter(|_| finished.status.success());
    word.map(numbers).ok_or_else(|| format!("it ended with {}", finished.status))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

async fn run(python: &Path, arguments: Vec<std::ffi::OsString>, plan: &EnvironmentPlan, limit: Duration) -> Result<Finished, Failed> {
    let variables = variables::for_pip(&plan.variables);
    let program = Program { program: python.into(), arguments, variables, ..Program::default() };
    let failed = |error: std::io::Error| Failed::Because(no_uv(&format!("`{}`: {}", python.display(), plain(&error))));
    process::run_within(program, limit).await.map_err(failed)
}

fn refused(finished: &Finished, scratch: &Path) -> Failed {
    let no_pip = ["No module named pip", "No module named 'pip", "No module named ensurepip"];
    if no_pip.iter().any(|text| finished.stderr.contains(text)) {
        return Failed::NoPip;
    }
    Failed::Because(failure::understand_pip(&finished.stderr, scratch))
}

fn no_uv(why: &str) -> EnvironmentError {
    EnvironmentError::NoUv { why: why.to_owned() }
}

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    let written = fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failed::Because(EnvironmentError::io("it was not possible to write", path, error)))
}
