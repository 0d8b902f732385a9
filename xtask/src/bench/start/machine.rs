//! What the numbers were measured on.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

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
