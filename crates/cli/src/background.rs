//! Starting the background server where none runs.
//!
//! What always holds: it outlives the command that started it (a session of its own, nothing inherited but what it
//! needs); two commands that start one at once end up with the same one; when it cannot start, its own last words are
//! shown.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use caddis_backends::local::paths::Home;
use caddis_client::{Client, ClientError};
use tokio::time::{Instant, sleep};

use crate::failure::{Exit, Failure};
use crate::home::{self, plain};

/// A new state folder with a slow disk may need a while; nobody waits this long in practice.
const BOUND: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A server that found another one holding the folder ends well; the other may be about to end, so it is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);
/// A server that is killed so often while it starts is not killed by chance.
const KILLED_MAX: u32 = 3;
const LOG_LINES: usize = 15;
/// A disk with fewer bytes than this left is full, for a server that starts.
const FULL: u64 = 64 << 10;

/// What the server may know of its starter's environment: where things are, never what a job is to see.
const KEPT: &[&str] = &[
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYENV_ROOT", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
    "no_proxy", "all_proxy", "RUST_LOG", "RUST_BACKTRACE",
];
const KEPT_PREFIXES: &[&str] = &["CADDIS_", "XDG_", "PIP_", "UV_"];

/// The server of this state folder, started if it does not run.
pub async fn connect_or_start(home: &Home) -> Result<Client, Failure> {
    match Client::connect(home.path()).await {
        Err(ClientError::NotRunning { .. }) => start(home).await,
        other => other.map_err(Failure::from),
    }
}

async fn start(home: &Home) -> Result<Client, Failure> {
    home::prepare(home)?;
    let (log, from) = open_log(home)?;
    let mut child = Some(spawn(home, &log)?);
    let begun = Instant::now();
    let mut again_at = begun;
    let mut killed = 0;
    while begun.elapsed() < BOUND {
        match Client::connect(home.path()).await {
            Err(error) if error.is_gone() => {}
            other => return other.map_err(Failure::from),
        }
        match child.as_mut().map(Child::try_wait) {
            // Killed while it started: it said nothing against starting another.
            Some(Ok(Some(status))) if status.success() || (status.signal().is_some() && killed < KILLED_MAX) => {
                killed += u32::from(!status.success());
                child = None;
                again_at = Instant::now() + TRY_AGAIN;
            }
            Some(Ok(Some(_)) | Err(_)) => return Err(ended(home, log, from)),
            Some(Ok(None)) => {}
            None if Instant::now() >= again_at => child = Some(spawn(home, &log)?),
            None => {}
        }
        sleep(LOOK_EVERY).await;
    }
    let text = format!("the background server did not begin to serve within {} s", BOUND.as_secs());
    Err(with_log(Failure::new(Exit::Unavailable, "server_start", text), home, log, from))
}

fn open_log(home: &Home) -> Result<(File, u64), Failure> {
    let path = home.server_log();
    let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path);
    let sized = opened.and_then(|file| file.metadata().map(|found| (file, found.len())));
    sized.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull => "make room on its disk, or name another folder with `CADDIS_HOME`",
            _ => "name a state folder that you may write to with `--home` or `CADDIS_HOME`",
        };
        let text = format!("`{}` cannot be written: {}", path.display(), plain(&error));
        Failure::new(Exit::Failed, "home_unusable", text).hint(hint)
    })
}

fn spawn(home: &Home, log: &File) -> Result<Child, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Failed, "server_start", format!("the background server cannot be started: {}", plain(&error)))
    };
    let kept = |name: &str| KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let variables = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(kept));
    // The child makes a session of its own first of all, so that the terminal's signals do not reach it.
    Command::new(std::env::current_exe().map_err(failed)?)
        .arg("--home")
        .arg(home.path())
        .args(["serve", "--background"])
        .env_clear()
        .envs(variables)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log.try_clone().map_err(failed)?)
        .spawn()
        .map_err(failed)
}

fn ended(home: &Home, log: File, from: u64) -> Failure {
    with_log(Failure::new(Exit::Unavailable, "server_start", "the background server ended at once"), home, log, from)
}

/// The failure with what the server wrote since it was started. Its own `error:` and `hint:` are the better words.
fn with_log(mut failure: Failure, home: &Home, mut log: File, from: u64) -> Failure {
    let mut text = String::new();
    let read = log.seek(SeekFrom::Start(from)).and_then(|_| log.take(1 << 20).read_to_string(&mut text));
    let last = |mark: &str| text.lines().rev().find_map(|line| line.strip_prefix(mark)).map(str::to_owned);
    match (read, last("error: ")) {
        (Ok(_), Some(error)) => {
            failure.hint = last("hint: ").or_else(|| Some(format!("see `{}`", home.server_log().display())));
            failure.message = format!("the background server cannot start: {error}");
        }
        // A full disk takes no last words either.
        _ if is_full(home) => {
            failure.message = format!("{}: the disk of `{}` is full", failure.message, home.path().display());
            failure.hint = Some("make room on that disk, or name another folder with `CADDIS_HOME`".to_owned());
        }
        (Ok(_), None) if !text.trim().is_empty() => {
            let lines: Vec<&str> = text.lines().collect();
            let end = &lines[lines.len().saturating_sub(LOG_LINES)..];
            failure.message = format!("{}; it said last:\n  {}", failure.message, end.join("\n  "));
            failure.hint = Some(format!("`{}` has all of it", home.server_log().display()));
        }
        _ => failure.hint = Some(format!("see `{}`, or run `caddis serve` to look at it", home.server_log().display())),
    }
    failure
}

fn is_full(home: &Home) -> bool {
    rustix::fs::statvfs(home.path()).is_ok_and(|disk| disk.f_bavail * disk.f_frsize < FULL)
}
