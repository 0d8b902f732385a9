//! A program of Airflow's that runs, with all that it starts.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use caddis_testkit::wait_within;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::ground::PATIENCE;

/// It leads a process group, which ends with this value.
pub(crate) struct Run {
    child: Child,
    log: PathBuf,
}

impl Run {
    /// Starts it; both of its outputs go to the file.
    pub(crate) fn start(mut command: Command, log: &Path) -> Run {
        let file = File::create(log).expect("make a log");
        command.stdout(file.try_clone().expect("share the log")).stderr(file).process_group(0);
        Run { child: command.spawn().expect("start a program of Airflow's"), log: log.to_owned() }
    }

    /// What it said.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Fails unless it still runs.
    #[track_caller]
    pub(crate) fn lives(&mut self) {
        let ended = self.child.try_wait().expect("look at a program");
        assert!(ended.is_none(), "it ended: {ended:?}\n{}", self.said());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let log = self.log.clone();
        wait_within(PATIENCE, &format!("the end of what writes `{}`", log.display()), || {
            self.child.try_wait().expect("look at a program")
        })
    }

    /// Waits for its good end.
    #[track_caller]
    pub(crate) fn succeed(&mut self) {
        let status = self.end();
        assert!(status.success(), "{status}\n{}", self.said());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.said();
            let from = said.char_indices().rev().nth(6000).map_or(0, |(at, _)| at);
            eprintln!("--- {}\n{}", self.log.display(), &said[from..]);
        }
    }
}
