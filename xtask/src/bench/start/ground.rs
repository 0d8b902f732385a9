//! Where a run takes place: the work folder, what programs get as environment, and the one Python environment.
//!
//! `benchmarks/.work` is kept between runs for the Python environment; everything else in it is made anew.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::process;

/// The shape that all contenders have.
const SHAPE: [&str; 6] = ["--workers", "2", "--threads", "1", "--memory", "1GiB"];
/// Carried by everything that a run starts, so that all of it can be found again.
pub(in crate::bench) const MARK: &str = "CADDIS_BENCH";
/// Built once and worth keeping; the rest of a state folder is one run's.
const KEPT: [&str; 4] = ["environments", "tools", "cache", "runtime"];

/// The place of one run.
pub(in crate::bench) struct Ground {
    pub(in crate::bench) repository: PathBuf,
    pub(in crate::bench) work: PathBuf,
    pub(in crate::bench) home: PathBuf,
    pub(in crate::bench) binary: PathBuf,
    /// `--python`, or else what Caddis took.
    pub(in crate::bench) wished_python: Option<String>,
    /// The interpreter of the environment, once it is built.
    pub(in crate::bench) python: Option<PathBuf>,
    /// Held as long as the run takes: two at once would measure each other.
    _lock: File,
}

impl Ground {
    /// Makes the folders and takes the lock.
    pub(in crate::bench) fn make(binary: PathBuf, wished_python: Option<String>) -> Result<Ground> {
        let repository = process::root();
        let work = repository.join("benchmarks/.work");
        let home = work.join("home");
        DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
        let lock = File::create(work.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another run of the benchmark is under way in `{}`", work.display());
        }
        Ok(Ground { repository, work, home, binary, wished_python, python: None, _lock: lock })
    }

    /// Takes away what an earlier run left. Nothing of it may run any more.
    pub(in crate::bench) fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.home)? {
            let entry = entry?;
            let kept = KEPT.iter().any(|kept| entry.file_name() == *kept);
            match entry.file_type()?.is_dir() {
                _ if kept => {}
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        for folder in ["user", "tmp", "logs"] {
            let folder = self.work.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir(&folder)?;
        }
        Ok(())
    }

    /// The file that the one environment is made from.
    pub(in crate::bench) fn requirements(&self) -> PathBuf {
        self.repository.join("benchmarks/start/requirements.txt")
    }

    /// A script that is run as a job.
    pub(in crate::bench) fn job(&self, name: &str) -> PathBuf {
        self.repository.join("benchmarks/start/jobs").join(name)
    }

    /// A file in the folder of logs.
    pub(in crate::bench) fn log(&self, name: &str) -> Result<File> {
        let path = self.work.join("logs").join(name);
        File::options().create(true).append(true).open(&path).with_context(|| format!("open `{}`", path.display()))
    }

    /// `caddis`, as its user would call it: with the user's own environment, apart from an activated one.
    pub(in crate::bench) fn caddis(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.work.join("tmp")).stdin(Stdio::null()).kill_on_drop(true);
        command.env("CADDIS_HOME", &self.home).env(MARK, &self.work);
        command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX");
        command
    }

    /// `caddis run` on a cluster that is there, or on one of its own in the one environment.
    pub(in crate::bench) fn caddis_run(&self, existing: Option<&str>, script: &Path) -> Command {
        let mut command = self.caddis(&["run", "--quiet"]);
        if let Some(cluster) = existing {
            command.args(["--cluster", cluster]);
        } else {
            command.args(SHAPE).arg("--requirements").arg(self.requirements());
            command.args(self.wished_python.iter().flat_map(|python| ["--python", python]));
        }
        command.arg(script);
        command
    }

    /// The interpreter of the environment, with nothing around it that could differ from machine to machine: no user
    /// configuration of Dask, no variables of a shell.
    pub(in crate::bench) fn python(&self) -> Result<Command> {
        let python = self.python.as_ref().context("the environment is not built yet")?;
        let bin = python.parent().unwrap_or(Path::new("/"));
        let mut command = Command::new(python);
        command.env_clear().envs([
            ("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display())),
            ("LANG", "C.UTF-8".to_owned()),
            ("HOME", self.work.join("user").display().to_string()),
            ("TMPDIR", self.work.join("tmp").display().to_string()),
            ("CADDIS_HOME", self.home.display().to_string()),
            ("BENCH_REQUIREMENTS", self.requirements().display().to_string()),
            (MARK, self.work.display().to_string()),
        ]);
        if let Some(python) = &self.wished_python {
            command.env("BENCH_PYTHON", python);
        }
        command.current_dir(self.work.join("tmp")).kill_on_drop(true);
        Ok(command)
    }
}
