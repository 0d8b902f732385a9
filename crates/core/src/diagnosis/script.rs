//! The end of a script.

use caddis_types::{Cause, CauseCode};

use super::{cluster, text};
use crate::record::{ClusterRecord, ClusterState};
use crate::world::{End, ExceptionFacts, Exit, KilledBy};

/// Why a script's end is a failure; nothing when it succeeded. `stopping` is the cause for which it was being ended.
pub fn script_end(end: &End, stopping: Option<&Cause>, cluster: Option<&ClusterRecord>) -> Option<Cause> {
    if matches!(end.exit, Exit::Code(0)) && (stopping.is_none() || end.killed_by.is_none()) {
        return stopping.filter(|cause| cause.code == CauseCode::Timeout).cloned();
    }
    if let Some(cause) = stopping {
        return Some(cause.clone());
    }
    let cause = killed(end, cluster)
        .or_else(|| cluster_failed(cluster))
        .or_else(|| exception(end, cluster))
        .unwrap_or_else(|| by_exit(end));
    Some(cause)
}

fn killed(end: &End, cluster: Option<&ClusterRecord>) -> Option<Cause> {
    match end.killed_by.as_ref()? {
        // Only workers have a limit of their own; see docs/adr/0005.
        KilledBy::Memory { .. } => None,
        KilledBy::KernelOom => {
            Some(Cause::new(CauseCode::OutOfMemory, "the kernel killed the script: the machine is out of memory"))
        }
        KilledBy::Stop { reason } | KilledBy::Purge { reason } => Some(cluster_failed(cluster).unwrap_or_else(|| {
            Cause::new(CauseCode::ClusterStopped, format!("the script was ended: {reason}"))
        })),
        KilledBy::Lease => Some(cluster::lease_lapsed()),
    }
}

/// A cluster that failed under a script explains the script's own exception.
fn cluster_failed(cluster: Option<&ClusterRecord>) -> Option<Cause> {
    match &cluster?.state {
        ClusterState::Stopping { why, .. } | ClusterState::Ended { why, .. } => why.cause.clone(),
        _ => None,
    }
}

fn exception(end: &End, cluster: Option<&ClusterRecord>) -> Option<Cause> {
    let facts = end.outcome.as_ref()?.exception.as_ref()?;
    let cause = match facts.kind.as_str() {
        "ModuleNotFoundError" | "ImportError" => import_error(facts),
        "SyntaxError" | "IndentationError" | "TabError" => syntax_error(facts),
        "KilledWorker" => killed_worker(facts, cluster),
        "MemoryError" => Cause::new(CauseCode::OutOfMemory, format!("the script ran out of memory: {}", facts.message)),
        "OSError" if facts.message.contains("No space left on device") => text::disk_full("the script", &facts.message),
        // Dask's warning, which a program that asks for versions that fit turns into an error.
        _ if facts.message.contains("Mismatched versions found") => text::version_skew(&facts.message),
        "KeyboardInterrupt" => Cause::new(CauseCode::KilledBySignal, "the script was interrupted from outside (SIGINT)"),
        kind => Cause::new(CauseCode::Exception, one_line(&format!("{kind}: {}", facts.message))),
    };
    Some(with_frame(cause, facts))
}

fn import_error(facts: &ExceptionFacts) -> Cause {
    let cause = Cause::new(CauseCode::ImportError, one_line(&format!("{}: {}", facts.kind, facts.message)));
    match &facts.missing_module {
        Some(module) => {
            let package = module.split('.').next().unwrap_or(module);
            cause.with("package", package).hint(format!(
                "name the package that has `{package}` in the script's header (`# /// script`, `dependencies = [...]`) \
                 or in `--requirements`"
            ))
        }
        None => cause,
    }
}

fn syntax_error(facts: &ExceptionFacts) -> Cause {
    Cause::new(CauseCode::SyntaxError, one_line(&format!("{}: {}", facts.kind, facts.message)))
}

/// Dask gives up on a task after several workers died under it; the deaths that were seen say of what.
fn killed_worker(facts: &ExceptionFacts, cluster: Option<&ClusterRecord>) -> Cause {
    let deaths = cluster.map(|cluster| cluster.deaths.as_slice()).unwrap_or_default();
    let memory: Vec<&Cause> = deaths.iter().filter(|death| death.code == CauseCode::OutOfMemory).collect();
    match memory.last() {
        Some(last) => {
            let sentence = format!("{} workers ran out of memory; the last: {}", memory.len(), last.sentence);
            Cause { code: CauseCode::OutOfMemory, sentence, evidence: last.evidence.clone(), hint: last.hint.clone() }
                .with("Dask says", one_line(&facts.message))
        }
        None => {
            let mut cause = Cause::new(CauseCode::WorkersLost, one_line(&facts.message));
            for death in deaths.iter().rev().take(4) {
                cause = cause.with("worker died", death.sentence.clone());
            }
            cause.hint("`caddis cluster logs` shows what the workers wrote last")
        }
    }
}

fn with_frame(cause: Cause, facts: &ExceptionFacts) -> Cause {
    match &facts.last_frame {
        Some(frame) => {
            let place = format!("{}:{} in {}", frame.file, frame.line, frame.function);
            let place = if frame.source.is_empty() { place } else { format!("{place}: {}", frame.source.trim()) };
            cause.with("last frame", place)
        }
        None => cause,
    }
}

/// What the entry point exits with when it could not come as far as the script (`caddis.runtime.member`).
const BROKEN: i32 = 125;

fn by_exit(end: &End) -> Cause {
    match &end.exit {
        Exit::Code(BROKEN) if !end.began => text::from_log(&end.log_tail, "the script's process").unwrap_or_else(|| {
            let sentence = "the script's process could not be set up, so the script was not reached";
            text::with_log(Cause::new(CauseCode::ClusterStart, sentence), &end.log_tail)
        }),
        Exit::Code(code) => {
            let cause = Cause::new(CauseCode::ExitCode, format!("the script exited with code {code}"));
            let last = end.log_tail.lines().map(str::trim).rfind(|line| !line.is_empty());
            last.map(one_line).into_iter().fold(cause, |cause, line| cause.with("it said last", line))
        }
        Exit::Signal(signal) => {
            let sentence = format!("the script was killed by {} from outside", text::signal_name(*signal));
            text::with_log(Cause::new(CauseCode::KilledBySignal, sentence), &end.log_tail)
        }
        Exit::Unknown(why) => cluster::rebooted(why)
            .unwrap_or_else(|| Cause::new(CauseCode::Unknown, format!("nobody could see how the script ended: {why}"))),
    }
}

/// The first line, cut to what fits a terminal.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_end_matches([':', ' ']);
    match line.char_indices().nth(240) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}
