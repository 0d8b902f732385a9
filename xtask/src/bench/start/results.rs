//! Writing a run down: two files named by their day and benchmark, and the tables on standard output.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::process;

/// Writes `text` (Markdown) and `json` to `out`, or to the repository's results; `begun` is the moment the run began, such
/// as `2026-11-23T22:14:05Z`. A result of the same day and benchmark is replaced.
pub(in crate::bench) fn write(out: Option<&Path>, begun: &str, benchmark: &str, text: &str, json: &Value) -> Result<()> {
    let folder = out.map_or_else(|| process::root().join("benchmarks/results"), Path::to_owned);
    fs::create_dir_all(&folder)?;
    let name = format!("{}-{benchmark}", begun.split('T').next().unwrap_or_default());
    let [markdown, data] = ["md", "json"].map(|ending| folder.join(format!("{name}.{ending}")));
    fs::write(&markdown, text)?;
    fs::write(&data, serde_json::to_string_pretty(json)? + "\n")?;
    println!("{text}");
    eprintln!("written: {} and {}", markdown.display(), data.display());
    Ok(())
}
