//! Starts a member as a fresh interpreter, where forking cannot serve.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::wire::{Launch, MARKER, WireError, marker_value};
use super::{stdio, sys};

/// Above every number that the member is given.
const OUT_OF_THE_WAY: i32 = 10;

/// Starts it; it waits for `go` as a forked one does. Returns its pid, which is a child of ours.
pub(super) fn spawn(launch: &Launch, theirs: [OwnedFd; 4]) -> Result<i32, WireError> {
    start(launch, theirs).map_err(|error| {
        let python = launch.interpreter.python.display();
        WireError::new(
            "spawn",
            format!("`{python}` cannot be started for `{}`: {error}", launch.key),
        )
    })
}

fn start(launch: &Launch, [stdin, stdout, stderr, status]: [OwnedFd; 4]) -> io::Result<i32> {
    let mut line = serde_json::to_vec(launch)?;
    line.push(b'\n');
    let text = stdio::in_memory("launch", &line)?;
    let mut command = Command::new(&launch.interpreter.python);
    command
        .args(["-m", "caddis.runtime.spawn"])
        .current_dir("/")
        .env_clear();
    command.envs(&launch.interpreter.env).envs(&launch.env);
    command
        .env("PYTHONPATH", python_path(launch))
        .env(MARKER, marker_value(&launch.key));
    command
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr));
    let status = rustix::io::fcntl_dupfd_cloexec(&status, OUT_OF_THE_WAY)?;
    let text = rustix::io::fcntl_dupfd_cloexec(&text, OUT_OF_THE_WAY)?;
    sys::own_session(&mut command, vec![(status, 3), (text, 4)]);
    Ok(command.spawn()?.id().cast_signed())
}

/// The runtime first, then what the user had.
fn python_path(launch: &Launch) -> String {
    let runtime = launch.runtime.display();
    match launch.env.get("PYTHONPATH") {
        Some(own) if !own.is_empty() => format!("{runtime}:{own}"),
        _ => runtime.to_string(),
    }
}
