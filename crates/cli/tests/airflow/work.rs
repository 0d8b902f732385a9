//! Airflow's folder, with the DAGs in it, and programs of its environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::dagrun::Run;
use crate::ground::{CADDIS, repository};

/// Where `cargo xtask test --tier airflow` keeps the lines of Airflow.
fn lines() -> PathBuf {
    std::env::var_os("CADDIS_AIRFLOW").map(PathBuf::from).expect("`cargo xtask test --tier airflow` says where Airflow is")
}


/// Airflow's folder: DAGs, the package beside them, an empty database.
pub(crate) struct Work {
    line: String,
    pub(crate) folder: PathBuf,
    _own: Option<tempfile::TempDir>,
}

impl Work {
    /// In a folder of its own.
    pub(crate) fn new(line: &str) -> Work {
        let own = tempfile::Builder::new().prefix("caddis-airflow-").tempdir().expect("make a folder");
        let mut work = Work::below(line, own.path());
        work._own = Some(own);
        work
    }

    /// In this folder.
    pub(crate) fn below(line: &str, folder: &Path) -> Work {
        let work = Work { line: line.to_owned(), folder: folder.to_owned(), _own: None };
        fs::create_dir_all(work.dags()).expect("make the folder of DAGs");
        fs::create_dir_all(work.user()).expect("make a home");
        fs::copy(lines().join(format!("{line}-home/airflow.db")), work.folder.join("airflow/airflow.db")).expect("an empty database");
        for entry in fs::read_dir(repository().join("dags")).expect("the DAGs").flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), work.dags().join(entry.file_name())).expect("copy a DAG");
            }
        }
        let package = repository().join("python/caddis/src/caddis");
        copy(&package.join("airflow"), &work.dags().join("caddis/airflow"));
        fs::copy(package.join("__init__.py"), work.dags().join("caddis/__init__.py")).expect("copy the package");
        work
    }

    /// The folder of DAGs.
    pub(crate) fn dags(&self) -> PathBuf {
        self.folder.join("airflow/dags")
    }

    /// The home of who runs Airflow.
    pub(crate) fn user(&self) -> PathBuf {
        self.folder.join("user")
    }

    /// Its line of Airflow.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// A program of this line of Airflow, in an environment that holds nothing but what Airflow itself needs.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let bin = lines().join(&self.line).join("bin");
        let mut command = Command::new(bin.join(program));
        command.args(arguments).env_clear().current_dir(self.user()).stdin(Stdio::null());
        let system = std::env::var("PATH").expect("a PATH");
        let own = Path::new(CADDIS).parent().expect("a folder");
        command.env("PATH", format!("{}:{}:{system}", bin.display(), own.display()));
        command.env("HOME", self.user()).env("AIRFLOW_HOME", self.folder.join("airflow"));
        command.env("AIRFLOW__CORE__LOAD_EXAMPLES", "False").env("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False");
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_COLOR", "1");
        command
    }

    /// Starts it; what it says goes to a file.
    pub(crate) fn start(&self, name: &str, command: Command) -> Run {
        Run::start(command, &self.folder.join(format!("{name}.log")))
    }

    /// Runs it to its good end.
    #[track_caller]
    pub(crate) fn succeed(&self, name: &str, command: Command) {
        self.start(name, command).succeed();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder");
    for entry in fs::read_dir(from).expect("read a folder").flatten().filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copy a file");
    }
}
