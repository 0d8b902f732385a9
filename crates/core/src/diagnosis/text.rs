//! Reading causes out of the end of a log.

use caddis_types::{Cause, CauseCode};

/// How many lines of a log a cause carries.
const LINES: usize = 8;

/// `SIGKILL` for 9.
pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        25 => "SIGXFSZ",
        n => return format!("signal {n}"),
    };
    name.to_owned()
}

/// The cause that a log speaks of plainly, if it does.
pub(super) fn from_log(log: &str, who: &str) -> Option<Cause> {
    let line = |needle: &str| log.lines().rev().find(|line| line.contains(needle)).map(|line| line.trim().to_owned());
    if let Some(text) = line("ModuleNotFoundError:").or_else(|| line("ImportError:")) {
        return Some(import_error(who, &text));
    }
    if let Some(text) = line("No space left on device") {
        return Some(disk_full(who, &text));
    }
    if let Some(text) = line("VersionMismatch").or_else(|| line("Mismatched versions found")) {
        return Some(version_skew(&text));
    }
    None
}

fn import_error(who: &str, text: &str) -> Cause {
    let package = text.split('\'').nth(1).unwrap_or_default();
    Cause::new(CauseCode::ImportError, format!("{who} could not import: {text}")).with("package", package)
}

pub(super) fn disk_full(who: &str, text: &str) -> Cause {
    Cause::new(CauseCode::DiskFull, format!("{who} found no space left on a disk"))
        .with("message", text)
        .hint("free space where it writes, or in the state folder (`caddis prune`)")
}

pub(super) fn version_skew(text: &str) -> Cause {
    Cause::new(CauseCode::VersionSkew, "client, scheduler and workers have versions that do not fit")
        .with("message", text)
        .hint("run the script in the same environment as its cluster")
}

/// Adds the end of a log as evidence.
pub(super) fn with_log(mut cause: Cause, log: &str) -> Cause {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    if !lines.is_empty() {
        let tail = lines[lines.len().saturating_sub(LINES)..].join("\n");
        cause = cause.with("end of its log", tail);
    }
    cause
}
