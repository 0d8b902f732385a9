//! Requirements: files made into one text, and what that text says about Dask.
//!
//! Files named by `-r` are taken in where they are named, and every relative path is made absolute, so that the text
//! alone decides what is installed: it is the same thing that is digested and that uv gets.

use std::path::{Path, PathBuf};

use super::error::EnvironmentError;
use crate::plain;

/// Requirements as one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Requirements {
    /// Lines for uv.
    pub text: String,
    /// Lines that came from `-c` files.
    pub constraints: String,
    /// Local folders and files that are named; what is in them counts too.
    pub local: Vec<PathBuf>,
}

/// What an editable package is made from; its code is used where it is and may change.
pub(super) const EDITABLE_FILES: [&str; 3] = ["pyproject.toml", "setup.cfg", "setup.py"];

/// How deep `-r` may nest; deeper is a circle.
const DEEPEST: usize = 16;

impl Requirements {
    /// Reads a file and all that it names.
    pub(super) fn read(file: &Path) -> Result<Self, EnvironmentError> {
        let mut requirements = Self::default();
        requirements.take_file(file, false, 0)?;
        Ok(requirements)
    }

    /// Takes lines that are not in a file; relative paths start at `folder`.
    pub(super) fn of_lines(lines: &[String], folder: &Path) -> Self {
        let mut requirements = Self::default();
        for line in lines {
            requirements.push(line, folder, false);
        }
        requirements
    }

    /// Takes a text as a requirements file has it, without `-r` and `-c` in it.
    pub(super) fn of_text(text: &str, folder: &Path) -> Self {
        Self::of_lines(&logical_lines(text), folder)
    }

    /// Puts another set behind this one.
    pub(super) fn append(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.constraints.push_str(&other.constraints);
        self.local.extend(other.local);
    }

    /// The requirements, a line each, without options and hashes.
    pub(super) fn declared(&self) -> Vec<String> {
        let plain = |line: &str| line.split(" --hash").next().unwrap_or(line).trim().to_owned();
        self.text.lines().filter(|line| !line.starts_with('-') || line.starts_with("-e ")).map(plain).collect()
    }

    fn take_file(&mut self, file: &Path, constraint: bool, depth: usize) -> Result<(), EnvironmentError> {
        let unreadable = |why: String| EnvironmentError::Unreadable { file: file.to_path_buf(), why };
        if depth > DEEPEST {
            return Err(unreadable("requirements files name each other in a circle".into()));
        }
        if file.is_dir() {
            return Err(unreadable("it is a folder".into()));
        }
        if file.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(unreadable("it is not a regular file".into()));
        }
        let bytes = std::fs::read(file).map_err(|error| unreadable(plain(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not a text in UTF-8".into()))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        for line in logical_lines(text.trim_start_matches('\u{feff}')) {
            match included(&line) {
                Some((path, within)) => self.take_file(&folder.join(path), constraint || within, depth + 1)?,
                None => self.push(&line, folder, constraint),
            }
        }
        Ok(())
    }

    fn push(&mut self, line: &str, folder: &Path, constraint: bool) {
        let line = absolute(line, folder);
        self.local.extend(local_path(&line).into_iter().flat_map(|path| counting(path, line.starts_with("-e "))));
        let text = if constraint { &mut self.constraints } else { &mut self.text };
        text.push_str(&line);
        text.push('\n');
    }
}

/// Which version the requirements want of a package (its normalised name): `==2026.3.0`, or nothing behind the name when
/// an address says it. `None` when they leave it open.
pub(super) fn specifier(lines: &[String], package: &str) -> Option<String> {
    let of_package = lines.iter().filter(|line| name(line).as_deref() == Some(package));
    of_package.map(|line| version_part(line)).find_map(|part| part)
}

/// The normalised name at the beginning of a requirement.
pub(super) fn name(requirement: &str) -> Option<String> {
    let end = requirement.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at(end);
    let continues = rest.trim_start().chars().next();
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || continues.is_some_and(|c| "/\\:".contains(c)) {
        return None;
    }
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    Some(parts.join("-").to_lowercase())
}

fn version_part(requirement: &str) -> Option<String> {
    let before_marker = requirement.split(';').next().unwrap_or(requirement);
    if before_marker.contains('@') {
        return Some(String::new());
    }
    let at = before_marker.find(['<', '>', '=', '~', '!'])?;
    let version = before_marker[at..].split(" --").next().unwrap_or_default();
    Some(version.chars().filter(|c| !c.is_whitespace() && *c != ')').collect())
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let line = without_comment(line);
        match line.strip_suffix('\\') {
            Some(begun) => {
                open.push_str(begun.trim());
                open.push(' ');
            }
            None => {
                open.push_str(line.trim());
                lines.push(std::mem::take(&mut open));
            }
        }
    }
    lines.push(open);
    lines.retain(|line| !line.trim().is_empty());
    lines.iter_mut().for_each(|line| *line = line.trim().to_owned());
    lines
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").map_or(line, |at| &line[..at]).trim_end()
}

fn included(line: &str) -> Option<(&str, bool)> {
    let forms = [("-r", false), ("--requirement", false), ("-c", true), ("--constraint", true)];
    forms.iter().find_map(|(option, constraint)| Some((option_value(line, option)?, *constraint)))
}

fn option_value<'a>(line: &'a str, option: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(option)?;
    let long = option.starts_with("--");
    let rest = if long { rest.strip_prefix(['=', ' '])? } else { rest };
    let value = rest.trim().trim_matches(['"', '\'']);
    (!value.is_empty() && !value.starts_with('-')).then_some(value)
}

fn absolute(line: &str, folder: &Path) -> String {
    for (option, short) in [("-e", "-e"), ("--editable", "-e"), ("-f", "--find-links"), ("--find-links", "--find-links")] {
        if let Some(value) = option_value(line, option) {
            return format!("{short} {}", absolute_path(value, folder));
        }
    }
    if let Some((before, file)) = line.split_once("@ file:") {
        return format!("{before}@ {}", absolute_path(&format!("file:{file}"), folder));
    }
    if is_path(line) { absolute_path(line, folder) } else { line.to_owned() }
}

fn absolute_path(value: &str, folder: &Path) -> String {
    if let Some(path) = value.strip_prefix("file:") {
        let relative = !path.starts_with('/');
        return if relative { format!("file://{}", folder.join(path).display()) } else { value.to_owned() };
    }
    if value.contains("://") || value.starts_with('/') || value.contains("+ssh") {
        return value.to_owned();
    }
    let tidy: PathBuf = folder.join(value).components().filter(|part| part.as_os_str() != ".").collect();
    tidy.display().to_string()
}

fn is_path(line: &str) -> bool {
    let archive = |line: &str| !line.contains("://") && !line.contains(['@', ' ']) && (line.ends_with(".whl") || line.ends_with(".tar.gz"));
    line == "." || line.starts_with("./") || line.starts_with("../") || line.starts_with(".[") || archive(line)
}

fn local_path(line: &str) -> Option<PathBuf> {
    let value = option_value(line, "-e").unwrap_or_else(|| line.split_once('@').map_or(line, |(_, value)| value.trim()));
    let value = value.strip_prefix("file://").unwrap_or(value);
    let value = value.split(['[', ';', '#', ' ']).next().unwrap_or(value);
    value.starts_with('/').then(|| PathBuf::from(value))
}

/// The files of a local package that decide about the environment.
pub(super) fn counting(path: PathBuf, editable: bool) -> Vec<PathBuf> {
    if editable { EDITABLE_FILES.map(|name| path.join(name)).into() } else { vec![path] }
}

#[cfg(test)]
#[path = "requirements_tests.rs"]
mod tests;
