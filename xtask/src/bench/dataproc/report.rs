//! Writing a run down: JSON with every sample, and the same as tables for people.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use super::aims::{self, Aim};
use super::args::Arguments;
use super::run::Outcome;
use super::sections::{alone, history, many};
use crate::bench::start::machine::cores;
use crate::bench::start::table::{shown, table};
use crate::process;

/// Writes both files and prints the tables.
pub(super) fn write(arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let aims = aims::aims(&outcome.numbers);
    let folder = arguments.out.clone().unwrap_or_else(|| process::root().join("benchmarks/results"));
    fs::create_dir_all(&folder)?;
    let begun = outcome.facts["begun"].as_str().unwrap_or_default();
    let name = format!("{}-dataproc", begun.split('T').next().unwrap_or_default());
    let text = markdown(arguments, outcome, &aims);
    let json = json!({
        "benchmark": "dataproc",
        "rounds": arguments.rounds,
        "users": arguments.users,
        "loops": arguments.loops,
        "clusters": arguments.clusters,
        "jobs": arguments.jobs,
        "only": arguments.only,
        "machine": outcome.facts,
        "aims": aims.iter().map(Aim::json).collect::<Vec<_>>(),
        "numbers": outcome.numbers.json(),
        "left_behind": outcome.left_behind,
    });
    let [markdown, data] = ["md", "json"].map(|ending| folder.join(format!("{name}.{ending}")));
    fs::write(&markdown, &text)?;
    fs::write(&data, serde_json::to_string_pretty(&json)? + "\n")?;
    println!("{text}");
    eprintln!("written: {} and {}", markdown.display(), data.display());
    Ok(())
}

fn markdown(arguments: &Arguments, outcome: &Outcome, aims: &[Aim]) -> String {
    let numbers = &outcome.numbers;
    let mut text = format!("# How fast Google's clients are served\n\n{}\n", conditions(arguments, outcome));
    let mut section = |title: &str, body: Option<String>| {
        text.extend(body.map(|body| format!("## {title}\n\n{body}\n")));
    };
    section("Aims", (!aims.is_empty()).then(|| aims_table(aims)));
    section("One user", alone(numbers));
    section("Many users", many(numbers, arguments));
    section("A long history", history(numbers, arguments));
    text
}

/// What a reader must know before believing a number.
fn conditions(arguments: &Arguments, outcome: &Outcome) -> String {
    let facts = &outcome.facts;
    let text = |name: &str| facts[name].as_str().unwrap_or("unknown").to_owned();
    let loads =
        |name: &str| -> Vec<f64> { facts[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect() };
    let load = |name: &str| loads(name).iter().map(|load| format!("{load:.2}")).collect::<Vec<_>>().join(" ");
    let versions = facts["versions"].as_object().into_iter().flatten();
    let versions: Vec<String> =
        versions.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or("?"))).collect();
    let ram = facts["ram_bytes"].as_f64().unwrap_or(0.0) / f64::from(1 << 30);
    let mut lines = vec![
        format!("{}, commit {}, {}.", text("begun"), text("commit"), text("caddis")),
        format!("{}, {} cores, {ram:.0} GiB, Linux {}.", text("processor"), facts["cores"], text("kernel")),
        format!("{}.", versions.join(", ")),
        format!("Load before {}, after {}.", load("load_before"), load("load_after")),
    ];
    if loads("load_before").first().is_some_and(|load| *load > cores() as f64 / 2.0) {
        lines.push("**The machine was busy with something else: do not quote these numbers.**".to_owned());
    }
    if arguments.rounds < 10 && arguments.wants("idle") {
        lines.push("**Fewer than ten rounds: a check of the harness, not a result.**".to_owned());
    }
    if outcome.numbers.failures_of_all() > 0 {
        lines.push("**Some measurements failed; the JSON file says which.**".to_owned());
    }
    if !outcome.left_behind.is_empty() {
        lines.push(format!("**Left behind: {}.**", outcome.left_behind.join("; ")));
    }
    lines.join("\\\n") + "\n"
}

fn aims_table(aims: &[Aim]) -> String {
    let row = |aim: &Aim| {
        let word = if aim.reached() { "yes" } else { "**no**" };
        vec![aim.text.clone(), shown(Some(aim.value)), shown(Some(aim.limit)), word.to_owned()]
    };
    table(&["aim", "measured, ms", "at most, ms", "reached"], &aims.iter().map(row).collect::<Vec<_>>())
}
