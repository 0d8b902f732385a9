//! A network of its own for what a test starts: loopback and nothing else, so that nothing can leave the machine.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A network namespace, held open by a process that ends with the test.
pub struct Loopback {
    holder: Child,
}

impl Loopback {
    /// `None`, with a printed reason, where this user may not make one.
    pub fn new() -> Option<Loopback> {
        let mut command = Command::new("unshare");
        command.args(["-n", "sh"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut holder) = command.spawn() else {
            eprintln!("skipped: there is no `unshare` here");
            return None;
        };
        holder.stdin.as_mut()?.write_all(b"ip link set lo up && echo ready\n").ok()?;
        let mut said = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut said).ok()?;
        let network = Loopback { holder };
        if said != "ready\n" {
            eprintln!("skipped: this user may not make a network of its own, or there is no `ip`");
            return None;
        }
        Some(network)
    }

    /// The same command, inside.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inner = Command::new("nsenter");
        inner.arg(format!("--net=/proc/{}/ns/net", self.holder.id())).arg(command.get_program()).args(command.get_args());
        inner.current_dir(command.get_current_dir().unwrap_or(Path::new("/"))).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inner.env(name, value),
                None => inner.env_remove(name),
            };
        }
        inner
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        // The end of its standard input is its end.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
