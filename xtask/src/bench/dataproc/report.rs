//! Writing a run down: JSON with every sample, and the same as tables for people.

use anyhow::Result;
use serde_json::json;

use super::aims::{self, Aim};
use super::args::Arguments;
use super::run::Outcome;
use super::sections::{alone, history, many};
use crate::bench::start::conditions::conditions;
use crate::bench::start::results;
use crate::bench::start::table::{shown, table};

/// Writes both files and prints the tables.
pub(super) fn write(arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let aims = aims::aims(&outcome.numbers);
    let begun = outcome.facts["begun"].as_str().unwrap_or_default();
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
    results::write(arguments.out.as_deref(), begun, "dataproc", &text, &json)
}

fn markdown(arguments: &Arguments, outcome: &Outcome, aims: &[Aim]) -> String {
    let numbers = &outcome.numbers;
    let mut text = format!("# How fast Google's clients are served\n\n{}\n", shown_conditions(arguments, outcome));
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
fn shown_conditions(arguments: &Arguments, outcome: &Outcome) -> String {
    let mut lines = conditions(&outcome.facts, outcome.numbers.failures_of_all(), &outcome.left_behind);
    if arguments.rounds < 10 && arguments.wants("idle") {
        lines.push("**Fewer than ten rounds: a check of the harness, not a result.**".to_owned());
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
