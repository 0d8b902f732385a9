//! The process table, read from /proc.

use std::fs;

/// One living process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its command line, parts separated by spaces.
    pub command: String,
    /// The key of the cluster's member that it is, or belongs to.
    pub member: Option<String>,
}

impl Process {
    /// When it was started, in the kernel's ticks since the host was; the last of all where it has ended.
    pub fn started(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let field = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(19)?.parse().ok());
        field.unwrap_or(u64::MAX)
    }

    /// Sends a signal by number; one that is gone already is fine.
    pub fn kill(&self, signal: rustix::process::Signal) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid) {
            // It may have ended by itself meanwhile.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// Living processes (no zombies) whose command line or initial environment names `needle`.
pub fn processes_naming(needle: &str) -> Vec<Process> {
    let own = std::process::id() as i32;
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| *pid != own).filter_map(|pid| look(pid, needle)).collect()
}

fn look(pid: i32, needle: &str) -> Option<Process> {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).ok();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', " ");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let state = stat.rsplit_once(") ")?.1.chars().next()?;
    let command = text(&read("cmdline")?);
    let environment = text(&read("environ").unwrap_or_default());
    let named = command.contains(needle) || environment.contains(needle);
    let marker = environment.split(' ').find_map(|part| part.strip_prefix("CADDIS_MEMBER="));
    let member = marker.map(|value| value.trim_end_matches('.').to_owned()).filter(|key| key.contains('/'));
    (named && state != 'Z' && state != 'X').then_some(Process { pid, command, member })
}
