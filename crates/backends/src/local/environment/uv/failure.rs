//! What uv says when it fails, turned into which requirement and why.
//!
//! uv has no machine-readable report, so its sentences are read. A sentence that is not known stays whole in
//! `uv_failed`: nothing is ever guessed away.

use std::{path::{Path, PathBuf}, process::ExitStatus};

use super::{super::error::EnvironmentError, redacted};

/// Lines of a failed build that are kept.
const TAIL: usize = 15;

/// Reads uv's standard error.
pub(super) fn understand(stderr: &str, python: &str, status: ExitStatus) -> EnvironmentError {
    let text = redacted(stderr);
    let text = text.find("error: ").map_or(text.as_str(), |at| &text[at..]);
    system(text)
        .or_else(|| build(text))
        .or_else(|| network(text))
        .or_else(|| single_requirement(text))
        .or_else(|| resolution(text, python))
        .unwrap_or_else(|| EnvironmentError::UvFailed { report: unknown(text, status) })
}

/// Reads pip's, which is asked for one thing only: uv itself.
pub(super) fn understand_pip(stderr: &str, folder: &Path) -> EnvironmentError {
    let text = redacted(stderr);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["No space left on device", "os error 28"]) {
        return EnvironmentError::DiskFull { what: format!("uv was being put into `{}`", folder.display()) };
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        return EnvironmentError::HashMismatch { requirement: "uv".into() };
    }
    let cut_off = ["NewConnectionError", "Connection refused", "Name or service not known", "ConnectTimeout", "Max retries exceeded", "SSLError", "CERTIFICATE", "ProxyError", "Temporary failure"];
    let last = text.lines().rev().map(str::trim).find(|line| line.starts_with("ERROR")).unwrap_or_else(|| text.trim());
    if has(&cut_off) {
        let why = text.lines().find(|line| cut_off.iter().any(|word| line.contains(word))).unwrap_or(last);
        let why = why.rsplit(": ").next().unwrap_or(why).trim_end_matches(['\'', ')']).to_lowercase();
        let why = if has(&["SSLError", "CERTIFICATE"]) { format!("certificate problem: {why}") } else { why };
        return EnvironmentError::Network { at: "pip's index".into(), why };
    }
    EnvironmentError::NoUv { why: last.trim_start_matches("ERROR: ").to_owned() }
}

fn system(text: &str) -> Option<EnvironmentError> {
    let line_with = |words: &[&str]| text.lines().map(str::trim).rev().find(|line| words.iter().any(|word| line.contains(word)));
    if let Some(line) = line_with(&["os error 28", "os error 122"]) {
        return Some(EnvironmentError::DiskFull { what: sentence(line.split(": No space").next().unwrap_or(line)) });
    }
    let line = line_with(&["os error 30", "os error 13"])?;
    let folder = between(line, "`", "`").or_else(|| line.split_whitespace().find(|word| word.starts_with('/'))).unwrap_or("?");
    let why = if line.contains("os error 30") { "read-only filesystem" } else { "permission denied" };
    Some(EnvironmentError::HomeNotWritable { folder: PathBuf::from(folder.trim_end_matches(':')), why: why.into() })
}

fn build(text: &str) -> Option<EnvironmentError> {
    if !text.contains("build backend") && !text.contains("Failed to build") {
        return None;
    }
    let named = ["Failed to build `", "Failed to download and build `", "Failed to prepare `"];
    let requirement = named.iter().find_map(|start| between(text, start, "`")).unwrap_or("a local package").to_owned();
    let (report, advice) = text.split_once("\nhint: ").map_or((text, None), |(report, advice)| (report, Some(advice)));
    let lines: Vec<&str> = report.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    Some(EnvironmentError::BuildFailed { requirement, tail, advice: advice.map(|advice| sentence(advice.trim())) })
}

fn network(text: &str) -> Option<EnvironmentError> {
    if text.contains("network was disabled") {
        let why = "`UV_OFFLINE` is set, and it is not in the cache".into();
        return Some(EnvironmentError::Network { at: requirement_of(text), why });
    }
    let at = between(text, "Failed to fetch: ", "\n").map(|at| at.trim_matches('`')).or_else(|| between(text, "for url (", ")"));
    let causes: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("cause: ")).collect();
    let refused = causes.iter().find(|cause| cause.contains("HTTP status client error"));
    if let (Some(at), Some(refused)) = (at, refused) {
        let why = between(refused, "(", ")").unwrap_or(refused);
        return Some(EnvironmentError::IndexRefused { at: at.to_owned(), why: why.to_owned() });
    }
    let words = ["error sending request", "client error (Connect)", "dns error", "Connection refused", "timed out", "tcp connect", "invalid peer certificate", "HTTP status server error", "unable to access", "connection closed", "Could not connect", "unexpected EOF"];
    if !words.iter().any(|word| text.contains(word)) {
        return None;
    }
    let git = || text.lines().find(|line| line.contains("unable to access")).map(str::trim);
    let why = git().or_else(|| causes.last().copied()).unwrap_or("no answer");
    let why = why.split(" (os error").next().unwrap_or(why).trim();
    let why = if text.contains("certificate") { format!("certificate problem: {why}") } else { why.to_owned() };
    let at = at.or_else(|| between(text, "unable to access '", "'")).unwrap_or("the index");
    Some(EnvironmentError::Network { at: at.to_owned(), why: why.to_lowercase() })
}

fn single_requirement(text: &str) -> Option<EnvironmentError> {
    if let Some(at) = text.find("Couldn't parse") {
        let mut lines = text[at..].lines().skip(1).map(str::trim);
        let why = lines.next()?.trim_start_matches("cause: ").to_owned();
        return Some(EnvironmentError::RequirementInvalid { requirement: lines.next().unwrap_or("?").to_owned(), why });
    }
    if let Some(requirement) = between(text, "Hash mismatch for `", "`") {
        return Some(EnvironmentError::HashMismatch { requirement: requirement.to_owned() });
    }
    if let Some(place) = between(text, "Distribution not found at: ", "\n") {
        let report = "there is nothing at that path".into();
        return Some(EnvironmentError::RequirementNotFound { requirement: place.trim_start_matches("file://").to_owned(), report });
    }
    let git = text.contains("Git operation failed").then(|| between(text, "fetch --force --update-head-ok '", "'")).flatten();
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("hint"));
    git.map(|place| EnvironmentError::RequirementNotFound { requirement: place.to_owned(), report: sentence(last.unwrap_or("git failed")) })
}

fn resolution(text: &str, python: &str) -> Option<EnvironmentError> {
    let at = text.find("No solution found")?;
    let report = report(&text[at..]);
    let requirement = requirement_of(&report);
    let has = |word: &str| report.contains(word);
    let python = python.to_owned();
    if let Some(missing) = between(&report, "Because ", " was not found in") {
        let asked = if requirement.starts_with(missing) { requirement } else { missing.to_owned() };
        return Some(EnvironmentError::RequirementNotFound { requirement: asked, report });
    }
    if has("does not satisfy Python") {
        return Some(EnvironmentError::RequirementNeedsPython { requirement, python, report });
    }
    if has("no wheels with a matching") {
        return Some(EnvironmentError::RequirementNotForPlatform { requirement, report });
    }
    let first = report.split(" And because").next().unwrap_or(&report);
    let alone = (first.contains("there is no version of") || first.contains("there are no versions of") || first.contains("available and you require"))
        && first.contains("you require");
    if alone && !first.contains("depends on") {
        return Some(EnvironmentError::RequirementNoVersion { requirement, report });
    }
    Some(EnvironmentError::RequirementConflict { report })
}

/// The explanation without its frame, on one line.
fn report(text: &str) -> String {
    let body = text.split("\nhint:").next().unwrap_or(text);
    let body = body.split_once("cause: ").map_or(body, |(_, body)| body);
    body.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first thing that the user asked for, as far as the explanation names it.
fn requirement_of(report: &str) -> String {
    let asked = report.split("you require ").nth(1);
    let end = |asked: &str| asked.find(", ").or_else(|| asked.find(" and ")).unwrap_or(asked.len());
    let asked = asked.map(|asked| asked[..end(asked)].trim().trim_end_matches('.'));
    let first = || report.split("Because ").nth(1).and_then(|rest| rest.split_whitespace().next());
    asked.or_else(first).unwrap_or("a requirement").to_owned()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    let stop = if end == "\n" { rest.find(end).unwrap_or(rest.len()) } else { rest.find(end)? };
    Some(rest[..stop].trim()).filter(|found| !found.is_empty())
}

fn sentence(text: &str) -> String {
    let text = text.trim().trim_start_matches("cause: ").trim_start_matches("error: ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn unknown(text: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    if tail.is_empty() { format!("it ended with {status}") } else { sentence(tail.trim_start_matches("error: ")) }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
