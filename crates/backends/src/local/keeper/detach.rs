//! Starting a keeper that outlives whoever starts it.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::client::{ConnectError, KeeperClient, KeeperEvents};
use super::sys;

/// A keeper serves within some 10 ms; so long only on a machine that is very busy, or with thousands of records.
const SERVING_MAX: Duration = Duration::from_secs(10);

/// One that found another holding the state folder is started again after so long, then twice as long and so on, should
/// that one not serve.
const AGAIN: Duration = Duration::from_millis(100);

/// How it says so, by `KeeperError::Taken`.
const TAKEN: &str = "another keeper holds";

const LOG_MAX: u64 = 1 << 20;

/// Why no keeper serves.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// It could not be started.
    #[error("the keeper cannot be started: {0}")]
    Start(#[source] io::Error),
    /// It ended, and said why.
    #[error("the keeper ended at once: {0}")]
    Ended(String),
    /// It did not serve in time.
    #[error("the keeper does not serve: {0}")]
    Silent(ConnectError),
}

/// Starts `exe keeper --home <home>` in its own session, with its output in `keeper.log`, and connects to it. Where
/// another one holds the state folder already, that one is connected to.
///
/// # Errors
/// When it cannot be started or does not serve within 10 s.
pub async fn spawn_detached(
    exe: &Path,
    home: &Path,
) -> Result<(KeeperClient, KeeperEvents), SpawnError> {
    keep_log_short(&home.join("keeper.log"));
    let until = Instant::now() + SERVING_MAX;
    let (mut child, mut told_before) = start(exe, home)?;
    let (mut ended, mut again) = (None, AGAIN);
    loop {
        let error = match timeout_at(until, KeeperClient::connect(home)).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => error,
            Err(_) => ConnectError::Silent,
        };
        if Instant::now() > until {
            return Err(if ended.is_some() { SpawnError::Ended(told_since(home, told_before)) } else { SpawnError::Silent(error) });
        }
        match ended {
            Some(_) if !told_since(home, told_before).contains(TAKEN) => {
                return Err(SpawnError::Ended(told_since(home, told_before)));
            }
            // The other one is about to serve, or about to end.
            Some(at) if Instant::now() >= at + again => {
                (child, told_before) = start(exe, home)?;
                (ended, again) = (None, again * 2);
            }
            Some(_) => {}
            None if matches!(child.try_wait(), Ok(Some(_))) => ended = Some(Instant::now()),
            None => {}
        }
        sleep(Duration::from_millis(3)).await;
    }
}

/// Starts it; answers with it how long its log was before.
fn start(exe: &Path, home: &Path) -> Result<(tokio::process::Child, u64), SpawnError> {
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(home.join("keeper.log"));
    let log = log.map_err(SpawnError::Start)?;
    let told_before = log.metadata().map_err(SpawnError::Start)?.len();
    let mut command = std::process::Command::new(exe);
    command
        .args([OsStr::new("keeper"), OsStr::new("--home"), home.as_os_str()])
        .current_dir("/")
        .env_clear()
        .envs(environment());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    sys::own_session(&mut command, Vec::new());
    let child = tokio::process::Command::from(command).spawn();
    Ok((child.map_err(SpawnError::Start)?, told_before))
}

/// One older log is kept.
fn keep_log_short(log: &Path) {
    if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LOG_MAX) {
        std::fs::rename(log, log.with_extension("log.1")).ok();
    }
}

/// What a keeper needs of our environment: nothing of it may reach a member, and no secret may stay in it.
fn environment() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "RUST_BACKTRACE",
    ];
    #[cfg(debug_assertions)]
    let names = names.into_iter().chain([crate::clock::TEST_CLOCK]);
    names
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

fn told_since(home: &Path, before: u64) -> String {
    let text = std::fs::read(home.join("keeper.log")).unwrap_or_default();
    let from = usize::try_from(before)
        .unwrap_or(usize::MAX)
        .min(text.len());
    String::from_utf8_lossy(text.get(from..).unwrap_or_default())
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::TAKEN;
    use crate::local::keeper::KeeperError;

    #[test]
    fn a_keeper_that_found_another_is_known_by_its_words() {
        assert!(KeeperError::Taken("/home".into()).to_string().starts_with(TAKEN));
    }
}
