//! The process table: sizes, processor time, workers that live, and what a run left behind.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::ground::{Ground, MARK};

/// Carried by everything that one driver starts, its peer's processes among them.
pub(in crate::bench) const DRIVER: &str = "CADDIS_BENCH_DRIVER";

/// What a process uses.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Use {
    /// Resident bytes.
    pub(in crate::bench) resident: f64,
    /// Resident bytes, those it shares divided among all that share them.
    pub(in crate::bench) proportional: f64,
    /// Seconds of processor time so far.
    pub(in crate::bench) cpu: f64,
}

/// What a process uses now.
pub(in crate::bench) fn usage(pid: u32) -> Result<Use> {
    let read = |name: &str| {
        let path = format!("/proc/{pid}/{name}");
        fs::read_to_string(&path).with_context(|| format!("read `{path}`"))
    };
    let kilobytes = |text: &str, key: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
    };
    let stat = read("stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    Ok(Use {
        resident: kilobytes(&read("status")?, "VmRSS:") * 1024.0,
        proportional: kilobytes(&read("smaps_rollup")?, "Pss:") * 1024.0,
        cpu: (ticks(11) + ticks(12)) / rustix::param::clock_ticks_per_second() as f64,
    })
}

/// Processes that a run started and that still live, as (pid, command line): those that carry its mark, run an
/// interpreter of its environment, or serve its state folder.
pub(in crate::bench) fn started(ground: &Ground) -> Vec<(u32, String)> {
    let own = std::process::id();
    pids().filter(|pid| *pid != own).filter_map(|pid| Some((pid, belongs(ground, pid)?))).collect()
}

/// Whether it does, and its command line.
fn belongs(ground: &Ground, pid: u32) -> Option<String> {
    let words = strings(pid, "cmdline");
    let home = ground.home.display().to_string();
    let mark = format!("{MARK}={}", ground.work.display());
    let ours = words.first().is_some_and(|word| Path::new(word).starts_with(&ground.work))
        || words.windows(2).any(|pair| pair[0] == "--home" && pair[1] == home)
        || strings(pid, "environ").contains(&mark);
    (ours && !words.is_empty()).then(|| words.join(" "))
}

/// Kills what is left of a run and answers what that was.
pub(in crate::bench) fn sweep(ground: &Ground) -> Vec<(u32, String)> {
    kill_all(|| started(ground))
}

/// A process and all that it started, and that those did.
pub(in crate::bench) fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = pids().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(above) = tree.get(at).copied() {
        tree.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid));
        at += 1;
    }
    tree
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

/// Kills what is left of one driver: those of its tree that still live, and what carries its mark. A peer may start
/// its processes without the environment, or leave them without a parent, but not both before its driver is ended.
pub(in crate::bench) fn sweep_driver(mark: &str, tree: &[u32]) -> Vec<(u32, String)> {
    let mark = format!("{DRIVER}={mark}");
    let ours = |pid: &u32| tree.contains(pid) || strings(*pid, "environ").contains(&mark);
    let lives = |pid: &u32| !strings(*pid, "cmdline").is_empty();
    kill_all(|| {
        pids().filter(|pid| ours(pid) && lives(pid)).map(|pid| (pid, strings(pid, "cmdline").join(" "))).collect()
    })
}

fn kill_all(find: impl Fn() -> Vec<(u32, String)>) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    // What is killed may have been starting something; after a few looks nothing can be left.
    for _ in 0..50 {
        let found = find();
        if found.is_empty() {
            break;
        }
        for (pid, line) in found {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = kill_process(pid, Signal::KILL);
            }
            if !all.iter().any(|(known, _)| *known == pid) {
                all.push((pid, line));
            }
        }
    }
    all
}

/// Workers of Caddis that live: their marker says what they are.
pub(in crate::bench) fn workers(work: &Path) -> usize {
    let is_worker = |pid: &u32| {
        let marker = |word: &String| word.strip_prefix("CADDIS_MEMBER=").is_some_and(|key| key.contains("/worker-"));
        strings(*pid, "environ").iter().any(marker)
            && strings(*pid, "cmdline").first().is_some_and(|word| Path::new(word).starts_with(work))
    };
    pids().filter(is_worker).count()
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The strings of a file in /proc that ends each with a zero; of a process that is gone or not ours, none.
fn strings(pid: u32, name: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}
