//! What this machine has: memory and processors, as far as this process may use them.

use std::path::Path;

/// Bytes of memory: the machine's, or the control group's limit where that is lower.
pub fn ram_bytes() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo(&text)).unwrap_or(1 << 30);
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    limits.iter().filter_map(|path| limit(Path::new(path))).fold(machine, u64::min)
}

/// Processors that this process may run on.
pub fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn limit(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read() {
        assert_eq!(meminfo("MemTotal:       24082412 kB\nMemFree: 1 kB\n"), Some(24_082_412 * 1024));
        assert!(ram_bytes() > 1 << 26 && cpus() > 0);
    }
}
