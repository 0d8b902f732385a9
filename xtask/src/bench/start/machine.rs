//! What the numbers were measured on.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::ground::Ground;
use crate::process;

const VERSIONS: &str = "\
import importlib.metadata as m, json, platform, ssl, sys
names = sys.argv[1:]
print(json.dumps({'python': platform.python_version(), 'openssl': ssl.OPENSSL_VERSION, **{n: m.version(n) for n in names}}))
";

/// The load averages of 1, 5 and 15 minutes.
pub(in crate::bench) fn load() -> [f64; 3] {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut found = text.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN));
    [(); 3].map(|()| found.next().unwrap_or(f64::NAN))
}

/// Up to this share of the processors may be busy with something else.
pub(in crate::bench) const QUIET: f64 = 0.05;
/// How long one look at the processors takes.
const LOOK: Duration = Duration::from_secs(2);
/// How long a run waits for the machine to become quiet: what was built just before still writes to the disk.
const WAIT: Duration = Duration::from_secs(60);

/// Waits until the machine does nothing else, a minute at most; the share of the processors that was busy in the last
/// look. The load average cannot tell that: for minutes it still counts what has ended.
pub(in crate::bench) async fn quiet() -> f64 {
    let begun = Instant::now();
    loop {
        let (busy, total) = ticks();
        sleep(LOOK).await;
        let (busy, total) = (ticks().0 - busy, ticks().1 - total);
        let share = busy / total.max(1.0);
        if share <= QUIET || begun.elapsed() > WAIT {
            return share;
        }
    }
}

/// What all processors have done since the machine began: busy and all, in ticks (`proc_stat(5)`; waiting for the disk
/// is not busy).
fn ticks() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let all: Vec<f64> = first.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).take(8).collect();
    let waited: f64 = all.iter().skip(3).take(2).sum();
    let total: f64 = all.iter().sum();
    (total - waited, total)
}

/// Now, such as `2026-11-23T22:14:05Z`.
pub(in crate::bench) fn date() -> Result<String> {
    let text = process::output(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?;
    Ok(text.trim().to_owned())
}

/// How many processors there are to use.
pub(in crate::bench) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The machine and the versions of these packages.
pub(in crate::bench) async fn facts(ground: &Ground, packages: &[&str]) -> Result<Value> {
    let versions = ground.python()?.args(["-c", VERSIONS]).args(packages).output().await?;
    let caddis = ground.caddis(&["--version"]).output().await?;
    let mut facts = alone();
    facts["caddis"] = json!(String::from_utf8_lossy(&caddis.stdout).lines().next());
    facts["versions"] = serde_json::from_slice(&versions.stdout)?;
    Ok(facts)
}

/// The machine, for what needs no Python.
pub(in crate::bench) fn alone() -> Value {
    json!({
        "processor": field("/proc/cpuinfo", "model name"),
        "cores": cores(),
        "ram_bytes": field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024,
        "kernel": rustix::system::uname().release().to_string_lossy(),
        "commit": commit(),
    })
}

/// The commit, and whether the files differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        process::output(command.args(arguments).current_dir(process::root())).unwrap_or_default().trim().to_owned()
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    let head = git(&["rev-parse", "--short=12", "HEAD"]);
    if changed.is_empty() { head } else { format!("{head} with changes") }
}

/// The value of the first line of this key.
fn field(path: &str, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
