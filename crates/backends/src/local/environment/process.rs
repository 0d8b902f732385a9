//! Every process that environments start: interpreters asked what they are, pip once, uv.
//!
//! A process is the leader of a group of its own, and the group is killed when the future that waits for it is
//! dropped: uv starts compilers, and none of them may outlive a cancelled build.

use std::{ffi::OsString, fs::File, io, path::PathBuf, process::{ExitStatus, Stdio}, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
};

/// What is kept of each output; more is read and dropped from the front.
const KEPT: usize = 1 << 20;

/// A process to run.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// The whole environment; nothing is inherited.
    pub variables: Vec<(String, String)>,
    pub cwd: Option<PathBuf>,
    /// Held open as standard input. A lock file here is held by the process too, also when we are killed.
    pub stdin: Option<File>,
}

/// A process that ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a process to its end, handing on each line of its standard error as it comes.
pub(super) async fn run(program: Program, mut on_line: impl FnMut(&str)) -> io::Result<Finished> {
    let mut group = spawn(program)?;
    let mut stdout = group.0.stdout.take().map(BufReader::new);
    let mut lines = group.0.stderr.take().map(BufReader::new);
    let (mut kept_out, mut kept_err) = (Vec::new(), String::new());
    let reading_out = async {
        if let Some(stdout) = &mut stdout {
            read_kept(stdout, &mut kept_out).await?;
        }
        Ok::<_, io::Error>(())
    };
    let reading_err = async {
        let mut line = Vec::new();
        while let Some(lines) = &mut lines {
            line.clear();
            if lines.read_until(b'\n', &mut line).await? == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            on_line(text.trim_end());
            keep(&mut kept_err, &text);
        }
        Ok::<_, io::Error>(())
    };
    tokio::try_join!(reading_out, reading_err)?;
    let status = group.0.wait().await?;
    Ok(Finished { status, stdout: String::from_utf8_lossy(&kept_out).into_owned(), stderr: kept_err })
}

/// Runs a process that has to end soon; one that does not is killed.
pub(super) async fn run_within(program: Program, limit: Duration) -> io::Result<Finished> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, run(program, |_| {})).await.map_err(late)?
}

struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Not reaped yet, so the number is still ours; what has ended by itself has no number any more.
        if let Some(pid) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

fn spawn(program: Program) -> io::Result<Group> {
    let mut command = Command::new(&program.program);
    command.args(&program.arguments).env_clear().envs(program.variables);
    command.stdin(program.stdin.map_or_else(Stdio::null, Stdio::from));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    if let Some(cwd) = program.cwd {
        command.current_dir(cwd);
    }
    Ok(Group(command.spawn()?))
}

async fn read_kept(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        into.extend_from_slice(&buffer[..read]);
        if into.len() > 8 * KEPT {
            into.drain(..into.len() - 4 * KEPT);
        }
    }
}

fn keep(kept: &mut String, text: &str) {
    kept.push_str(text);
    if kept.len() > 2 * KEPT {
        let from = (kept.len() - KEPT..kept.len()).find(|at| kept.is_char_boundary(*at)).unwrap_or(kept.len());
        kept.drain(..from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Program {
        Program { program: "/bin/sh".into(), arguments: vec!["-c".into(), text.into()], ..Program::default() }
    }

    #[tokio::test]
    async fn hands_on_lines_and_keeps_both_outputs() {
        let mut lines = Vec::new();
        let finished = run(shell("echo out; echo one >&2; echo two >&2; exit 3"), |line| lines.push(line.to_owned())).await.unwrap();
        assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(3), "out\n"));
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(finished.stderr, "one\ntwo\n");
    }

    #[tokio::test]
    async fn dropping_the_future_kills_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("held");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        // The grandchild holds the fifo open for writing: its end of file is the proof that it is gone.
        let program = shell(&format!("/bin/sh -c 'exec 9>{}; echo held >&9; sleep 1000' & wait", fifo.display()));
        let reader = tokio::task::spawn_blocking(move || {
            use std::io::{BufRead, BufReader, Read};
            let mut reader = BufReader::new(File::open(fifo).unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            move || reader.read_to_end(&mut Vec::new()).unwrap()
        });
        let mut running = Box::pin(run(program, |_| {}));
        let to_the_end = tokio::select! {
            _ = &mut running => panic!("it ended by itself"),
            reader = reader => reader.unwrap(),
        };
        drop(running);
        let rest = tokio::task::spawn_blocking(to_the_end);
        assert_eq!(tokio::time::timeout(Duration::from_secs(10), rest).await.expect("the grandchild lives").unwrap(), 0);
    }

    #[tokio::test]
    async fn one_that_does_not_answer_is_given_up() {
        let error = run_within(shell("sleep 1000"), Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
