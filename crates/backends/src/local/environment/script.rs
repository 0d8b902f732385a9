//! PEP 723: the `# /// script` header of a script.
//!
//! The grammar is the specification's regular expression, followed by hand: a block begins at `# /// TYPE`, goes on
//! while lines are `#` or begin with `# `, and ends at the last `# ///` among them. Blocks of other types are left
//! alone. An opened block that never ends is an error here, since a typing mistake would otherwise drop every requirement.

use std::path::Path;

use super::{error::EnvironmentError, version::Specifiers};
use crate::plain;

/// What a script's header says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScriptMetadata {
    /// `requires-python`.
    pub requires_python: Option<Specifiers>,
    /// `dependencies`.
    pub dependencies: Vec<String>,
    /// The `[tool]` table, unread.
    pub tool: toml::Table,
}

/// A block, with the lines of the file that its TOML came from.
struct Block {
    first_line: usize,
    toml: String,
}

/// A complaint about one line; the caller knows the file.
#[derive(Debug)]
struct Complaint {
    line: usize,
    field: Option<&'static str>,
    why: String,
}

/// Reads the header of a script; `None` when it has none.
///
/// # Errors
/// `unreadable` and `malformed_metadata`.
pub fn script_metadata(script: &Path) -> Result<Option<ScriptMetadata>, EnvironmentError> {
    let unreadable = |why: String| EnvironmentError::Unreadable { file: script.to_path_buf(), why };
    if script.is_dir() {
        return Err(unreadable("it is a folder".into()));
    }
    let bytes = std::fs::read(script).map_err(|error| unreadable(plain(&error)))?;
    parse(&String::from_utf8_lossy(&bytes)).map_err(|complaint| EnvironmentError::MalformedMetadata {
        file: script.to_path_buf(),
        line: complaint.line,
        field: complaint.field.map(str::to_owned),
        why: complaint.why,
    })
}

fn parse(text: &str) -> Result<Option<ScriptMetadata>, Complaint> {
    let Some(block) = find_block(text)? else { return Ok(None) };
    let table: toml::Table = block.toml.parse().map_err(|error| toml_complaint(&block, &error))?;
    Ok(Some(ScriptMetadata {
        requires_python: requires_python(&block, &table)?,
        dependencies: dependencies(&block, &table)?,
        tool: tool(&block, &table)?,
    }))
}

fn find_block(text: &str) -> Result<Option<Block>, Complaint> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let mut found: Option<Block> = None;
    let mut at = 0;
    while at < lines.len() {
        let Some(kind) = opening(lines[at]) else {
            at += 1;
            continue;
        };
        let end = closing(&lines, at);
        if kind == "script" {
            let why_open = "the block that opens here never ends with `# ///`";
            let end = end.ok_or_else(|| complain(at, None, why_open))?;
            if let Some(first) = &found {
                let why = format!("a second `script` block; the first is at line {}", first.first_line - 1);
                return Err(complain(at, None, &why));
            }
            found = Some(Block { first_line: at + 2, toml: content(&lines[at + 1..end]) });
        }
        at = end.map_or(at + 1, |end| end + 1);
    }
    Ok(found)
}

fn opening(line: &str) -> Option<&str> {
    let kind = line.strip_prefix("# /// ")?;
    let valid = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    valid.then_some(kind)
}

fn closing(lines: &[&str], opened: usize) -> Option<usize> {
    let inside = lines[opened + 1..].iter().take_while(|line| **line == "#" || line.starts_with("# ")).count();
    (opened + 1..=opened + inside).rev().find(|at| lines[*at] == "# ///")
}

fn content(lines: &[&str]) -> String {
    lines.iter().map(|line| line.strip_prefix("# ").unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn toml_complaint(block: &Block, error: &toml::de::Error) -> Complaint {
    let before = error.span().map_or("", |span| &block.toml[..span.start.min(block.toml.len())]);
    let line = block.first_line + before.matches('\n').count();
    Complaint { line, field: None, why: error.message().replace('\n', ", ") }
}

fn requires_python(block: &Block, table: &toml::Table) -> Result<Option<Specifiers>, Complaint> {
    const FIELD: &str = "requires-python";
    let Some(value) = table.get(FIELD) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| wrong(block, FIELD, "it has to be a text such as \">=3.10\""))?;
    text.parse().map(Some).map_err(|why: String| wrong(block, FIELD, &why))
}

fn dependencies(block: &Block, table: &toml::Table) -> Result<Vec<String>, Complaint> {
    const FIELD: &str = "dependencies";
    let Some(value) = table.get(FIELD) else { return Ok(Vec::new()) };
    let why = "it has to be a list of texts such as [\"pandas>=2\"]";
    let list = value.as_array().ok_or_else(|| wrong(block, FIELD, why))?;
    let texts: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(|text| text.trim().to_owned())).collect();
    let texts = texts.ok_or_else(|| wrong(block, FIELD, why))?;
    match texts.iter().find(|text| text.is_empty() || text.contains(['\n', '\r']) || text.starts_with('-')) {
        Some(text) => Err(wrong(block, FIELD, &format!("`{}` is not a requirement", text.escape_debug()))),
        None => Ok(texts),
    }
}

fn tool(block: &Block, table: &toml::Table) -> Result<toml::Table, Complaint> {
    match table.get("tool") {
        None => Ok(toml::Table::new()),
        Some(toml::Value::Table(tool)) => Ok(tool.clone()),
        Some(_) => Err(wrong(block, "tool", "it has to be a table")),
    }
}

fn wrong(block: &Block, field: &'static str, why: &str) -> Complaint {
    let named = |line: &str| line.trim_start().trim_start_matches(['[', '"', '\'']).starts_with(field);
    let at = block.toml.lines().position(named).unwrap_or(0);
    Complaint { line: block.first_line + at, field: Some(field), why: why.to_owned() }
}

fn complain(at: usize, field: Option<&'static str>, why: &str) -> Complaint {
    Complaint { line: at + 1, field, why: why.to_owned() }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
