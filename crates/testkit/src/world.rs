//! One test's world: a state folder, a working folder, and the binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::processes::{Process, processes_naming};
use crate::{environment, wait_for};

/// The folder that builds of this checkout share; tests may keep what is costly there.
pub(crate) fn build_folder() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or(default, PathBuf::from)
}

/// A state folder and a working folder of its own.
pub struct World {
    caddis: PathBuf,
    home: TempDir,
    work: TempDir,
    environment: Option<PathBuf>,
    variables: Vec<(&'static str, PathBuf)>,
}

/// A finished command.
pub struct Run {
    /// As it ended.
    pub output: Output,
}

impl Run {
    /// The exit code; 128 + n after a signal.
    pub fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        self.output.status.code().unwrap_or_else(|| 128 + self.output.status.signal().unwrap_or(0))
    }

    /// Standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}; stderr: {}", self.stdout(), self.stderr()))
    }

    /// Fails, with everything it said, unless it exited with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Run {
        assert_eq!(self.code(), code, "stdout: {}\nstderr: {}", self.stdout(), self.stderr());
        self
    }
}

impl World {
    /// A world with Dask: the shared test environment is active in it.
    pub fn new(caddis: impl Into<PathBuf>) -> World {
        let caddis = caddis.into();
        let environment = environment(&caddis);
        let mut world = World::bare(caddis);
        world.environment = Some(environment);
        world
    }

    /// A world without an active environment.
    pub fn bare(caddis: impl Into<PathBuf>) -> World {
        let home = tempfile::Builder::new().prefix("caddis-home-").tempdir().expect("make a state folder");
        let work = tempfile::Builder::new().prefix("caddis-work-").tempdir().expect("make a working folder");
        World { caddis: caddis.into(), home, work, environment: None, variables: Vec::new() }
    }

    /// A world that builds environments of its own, out of what uv fetched for the shared one.
    pub fn building(caddis: impl Into<PathBuf>) -> World {
        let caddis = caddis.into();
        let shared = environment(&caddis);
        let world = World::bare(caddis);
        let shared = shared.ancestors().nth(3).expect("a state folder above the environments").to_owned();
        for folder in ["cache", "tools"] {
            std::os::unix::fs::symlink(shared.join(folder), world.home().join(folder)).expect("share uv and its cache");
        }
        world
    }

    /// The state folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The working folder.
    pub fn work(&self) -> &Path {
        self.work.path()
    }

    /// Writes a file into the working folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("make a folder");
        }
        fs::write(&path, text).expect("write a file");
        path
    }

    /// The binary with these arguments, in the working folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.caddis);
        command.args(arguments).current_dir(self.work()).env("CADDIS_HOME", self.home()).stdin(Stdio::null());
        command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX").env("NO_COLOR", "1");
        if let Some(environment) = &self.environment {
            command.env("VIRTUAL_ENV", environment);
        }
        command.envs(self.variables.iter().map(|(name, path)| (name, path)));
        command
    }

    /// Sets a variable of all commands from now on.
    pub fn set(&mut self, name: &'static str, path: &Path) {
        self.variables.push((name, path.to_owned()));
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run { output: self.command(arguments).output().expect("start caddis") }
    }

    /// Starts it, with its outputs piped.
    #[track_caller]
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start caddis")
    }

    /// The newest job.
    #[track_caller]
    pub fn job(&self) -> Value {
        self.run(&["job", "show", "-o", "json"]).expect(0).json()
    }

    /// Waits until the newest job is in this phase.
    #[track_caller]
    pub fn wait_job(&self, phase: &str) -> Value {
        wait_for(&format!("a job in phase {phase}"), || {
            let run = self.run(&["job", "show", "-o", "json"]);
            let job = (run.code() == 0).then(|| run.json())?;
            (job["phase"] == phase).then_some(job)
        })
    }

    /// Everything of this world that lives.
    pub fn processes(&self) -> Vec<Process> {
        processes_naming(&self.home().display().to_string())
    }

    /// Schedulers, workers, scripts and whatever they left.
    pub fn members(&self) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.member.is_some()).collect()
    }

    /// The server's process.
    pub fn server(&self) -> Option<Process> {
        self.processes().into_iter().find(|process| process.command.contains(" serve"))
    }

    /// The keeper's process.
    pub fn keeper(&self) -> Option<Process> {
        self.processes().into_iter().find(|process| process.command.contains(" keeper "))
    }

    /// The fork servers' processes, the oldest first: those that stand by are their children, and look alike.
    pub fn fork_servers(&self) -> Vec<Process> {
        let all = self.processes().into_iter();
        let mut found: Vec<_> =
            all.filter(|process| process.command.contains("forkserver") && process.member.is_none()).collect();
        found.sort_by_key(Process::started);
        found
    }

    /// Waits until no scheduler, worker or script lives, and no run folder is left.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        wait_for("the end of all members and their folders", || {
            let folders = fs::read_dir(self.home().join("clusters")).map_or(0, Iterator::count);
            (self.members().is_empty() && folders == 0).then_some(())
        });
    }

    /// The ledger's lines, as the database has them, and what the server logged.
    pub fn server_log(&self) -> String {
        fs::read_to_string(self.home().join("server.log")).unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("server.log:\n{}", self.server_log());
            eprintln!("keeper.log:\n{}", fs::read_to_string(self.home().join("keeper.log")).unwrap_or_default());
        }
        // The servers first, so that nothing is started again while the rest is ended.
        for _ in 0..3 {
            let mut all = self.processes();
            all.sort_by_key(|process| !process.command.contains("caddis"));
            for process in all {
                process.kill(Signal::KILL);
            }
        }
        self.remove_groups();
    }
}

impl World {
    /// Control groups that a killed keeper left, once those who were in them are gone.
    fn remove_groups(&self) {
        let log = fs::read_to_string(self.home().join("keeper.log")).unwrap_or_default();
        let named = log.lines().filter_map(|line| line.split_once("limited by groups in `"));
        for folder in named.map(|(_, rest)| PathBuf::from(rest.trim_end_matches('`'))) {
            for _ in 0..1000 {
                let groups = fs::read_dir(&folder).into_iter().flatten().flatten();
                groups.for_each(|group| drop(fs::remove_dir(group.path())));
                if !folder.is_dir() || fs::remove_dir(&folder).is_ok() {
                    break;
                }
                std::thread::yield_now();
            }
        }
    }
}
