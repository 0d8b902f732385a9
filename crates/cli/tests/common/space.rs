//! Mounts that only a test sees: a mount namespace of its own, held open by a process that ends with the test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use caddis_testkit::{Run, World, skip};

/// A mount namespace.
pub struct Space {
    holder: Child,
}

impl Space {
    /// Runs `mounts` (shell) in a new namespace; `None`, with a noted reason, where this user may not mount.
    #[track_caller]
    pub fn new(mounts: &str) -> Option<Space> {
        // On its standard input: a command line that names the state folder would make it one of the world's processes.
        let script = format!("set -e\n{mounts}\necho ready\n");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(mut holder) = command.spawn() else {
            skip("mounts", "there is no `unshare` here");
            return None;
        };
        holder.stdin.as_mut()?.write_all(script.as_bytes()).ok()?;
        let mut said = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut said).ok()?;
        let space = Space { holder };
        if said != "ready\n" {
            skip("mounts", "this user may not mount");
            return None;
        }
        Some(space)
    }

    /// The same command, inside.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inner = Command::new("nsenter");
        inner.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()));
        inner.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]);
        inner.arg(command.get_current_dir().unwrap_or(Path::new("/")));
        inner.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inner.env(name, value),
                None => inner.env_remove(name),
            };
        }
        inner
    }

    /// Runs the binary inside.
    #[track_caller]
    pub fn run(&self, world: &World, arguments: &[&str]) -> Run {
        Run { output: self.inside(&world.command(arguments)).output().expect("start nsenter") }
    }

    /// Runs a line of shell inside, as it ends.
    #[track_caller]
    pub fn shell(&self, line: &str) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        Run { output: self.inside(&command).output().expect("start nsenter") }
    }

    /// A path as it is inside.
    pub fn path(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), path.display()))
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // The end of its standard input is its end.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
