//! Another user of this machine, without any right.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use caddis_testkit::skip;

use super::CADDIS;

/// The uid and gid of `nobody`.
pub const NOBODY: u32 = 65_534;

/// A folder that everybody can read, with a copy of the binary: the build folder may be private.
pub struct Stranger {
    folder: tempfile::TempDir,
}

impl Stranger {
    /// `None`, with a noted reason, where this user cannot become another.
    #[track_caller]
    pub fn new() -> Option<Stranger> {
        if !rustix::process::geteuid().is_root() {
            skip("stranger", "only root can become another user");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("caddis-stranger-").tempdir().expect("make a folder");
        std::fs::copy(CADDIS, folder.path().join("caddis")).expect("copy the binary");
        for path in [folder.path().to_owned(), folder.path().join("caddis")] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("open it for all");
        }
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("make a home");
        std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).expect("give it away");
        Some(Stranger { folder })
    }

    /// A folder that is the stranger's own.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The binary, as the stranger starts it, with a state folder of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&self.folder.path().join("caddis").display().to_string());
        command.args(arguments).env("CADDIS_HOME", self.home().join("state")).env("NO_COLOR", "1");
        command
    }

    /// Any program, as the stranger starts it.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.home());
        command.current_dir(self.folder.path()).stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
        command
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        for process in caddis_testkit::processes_naming(&self.home().display().to_string()) {
            process.kill(rustix::process::Signal::KILL);
        }
    }
}
