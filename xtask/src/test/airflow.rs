//! The DAGs under real Airflow, 2.7.3 and 3, each in an environment of its own, made once from the locks in
//! `dags/tests`.
//!
//! Installing needs a network; the tests run in a network namespace with loopback alone, so that nothing of Airflow's
//! or Google's leaves the machine, or waits for a metadata server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use super::{Verdict, interpreters, uv};
use crate::process;

/// What ran with Airflow 2.7.3 is what there was two weeks after its release, build tools included.
const LINES: [(&str, &str, &[&str]); 2] = [
    ("2.7.3", "dags/tests/airflow-2.7.3.txt", &["--exclude-newer", "2023-11-20"]),
    ("3", "dags/tests/airflow-3.txt", &[]),
];
const TEST: [&str; 7] = ["test", "--locked", "--offline", "--package", "caddis-cli", "--test", "airflow"];
/// Tests at a time: most of their time is Airflow's own waiting.
const THREADS: &str = "--test-threads=4";

/// Makes what is needed, then runs the tests.
pub(super) fn run() -> Result<Verdict> {
    let python = interpreter()?;
    println!("python 3.11: {}", python.display());
    let folder = process::target().join("airflow");
    timed("dask's environment", || {
        let mut command = process::cargo(&["test", "--locked", "--package", "caddis-cli", "--test", "airflow"])?;
        process::succeed(command.args(["--", "--ignored", "--exact", "prepare"]))
    })?;
    let home = process::target().join("test-environment/home");
    for line in &LINES {
        timed(&format!("airflow {}", line.0), || install(line, &folder, &home, &python))?;
    }
    timed("the tests", || {
        let mut command = lonely();
        command.arg(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).args(TEST);
        command.args(["--", "--ignored", "--skip", "prepare", THREADS]).env("CADDIS_AIRFLOW", &folder);
        process::succeed(command.current_dir(process::root()))
    })?;
    Ok(Verdict::Passed)
}

fn timed(what: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    work()?;
    println!("{what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Runs what follows where there is nothing but loopback.
fn lonely() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
    command
}

/// The environment of one line, and an empty database of its own; both are kept until the lock changes.
fn install((line, lock, options): &(&str, &str, &[&str]), folder: &Path, home: &Path, python: &Path) -> Result<()> {
    let (venv, data) = (folder.join(line), folder.join(format!("{line}-home")));
    let wanted = fs::read_to_string(process::root().join(lock)).with_context(|| format!("read `{lock}`"))?;
    let stamp = folder.join(format!("{line}.lock"));
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    for old in [&venv, &data] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("remove `{}`", old.display()))?;
        }
    }
    fs::create_dir_all(&data).with_context(|| format!("make `{}`", data.display()))?;
    let uv = uv::program(home)?;
    process::succeed(uv::calm(&uv, home).arg("venv").arg("--quiet").arg("--python").arg(python).arg(&venv))?;
    let mut command = uv::calm(&uv, home);
    command.args(["pip", "install", "--quiet", "--python"]).arg(venv.join("bin/python"));
    process::succeed(command.args(*options).arg("--requirement").arg(lock))?;
    let mut command = lonely();
    command.arg(venv.join("bin/airflow")).args(["db", "migrate"]).env("AIRFLOW_HOME", &data);
    process::output(command.env("AIRFLOW__CORE__LOAD_EXAMPLES", "False"))?;
    fs::write(&stamp, wanted).with_context(|| format!("write `{}`", stamp.display()))
}

/// The Python that Composer has too.
fn interpreter() -> Result<PathBuf> {
    let good = |python: &PathBuf| {
        let code = "import ensurepip, sqlite3, sys; assert sys.version_info[:2] == (3, 11)";
        python.exists() && process::output(Command::new(python).args(["-I", "-c", code])).is_ok()
    };
    match interpreters::candidates().into_iter().find(good) {
        Some(python) => Ok(python),
        None => bail!("there is no Python 3.11 in PATH, nor in uv's or pyenv's folders, which Airflow 2.7.3 needs\nhint: install it, or run the other tiers"),
    }
}
