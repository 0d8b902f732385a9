//! Writing a run down: JSON with every sample, and the same as tables for people.

use anyhow::Result;
use serde_json::json;

use super::aims::{self, Aim};
use super::args::Arguments;
use super::conditions::conditions;
use super::results;
use super::run::Outcome;
use super::sections::{commands, idle, killed, many, starts};
use super::table::{shown, table};

/// Writes both files and prints the tables.
pub(super) fn write(arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let aims = aims::aims(&outcome.numbers, arguments);
    let begun = outcome.facts["begun"].as_str().unwrap_or_default();
    let text = markdown(arguments, outcome, &aims);
    let json = json!({
        "benchmark": "start",
        "seed": outcome.seed,
        "rounds": arguments.rounds,
        "only": arguments.only,
        "machine": outcome.facts,
        "aims": aims.iter().map(Aim::json).collect::<Vec<_>>(),
        "numbers": outcome.numbers.json(),
        "left_behind": outcome.left_behind,
    });
    results::write(arguments.out.as_deref(), begun, "start", &text, &json)
}

fn markdown(arguments: &Arguments, outcome: &Outcome, aims: &[Aim]) -> String {
    let numbers = &outcome.numbers;
    let mut text = format!("# How fast things start\n\n{}\n", shown_conditions(arguments, outcome));
    let mut section = |title: &str, body: Option<String>| {
        text.extend(body.map(|body| format!("## {title}\n\n{body}\n")));
    };
    section("Aims", (!aims.is_empty()).then(|| aims_table(aims)));
    section("A fresh cluster", starts(numbers));
    section("A killed worker", killed(numbers));
    section("Commands", commands(numbers));
    section("Many jobs at once", many(numbers, arguments.jobs));
    section("Idle", idle(numbers));
    text
}

/// What a reader must know before believing a number.
fn shown_conditions(arguments: &Arguments, outcome: &Outcome) -> String {
    let mut lines = conditions(&outcome.facts, outcome.numbers.failures_of_all(), &outcome.left_behind);
    lines.push(format!(
        "{} rounds after one discarded, seed {}, every contender once a round in shuffled order.",
        arguments.rounds, outcome.seed
    ));
    if arguments.rounds < 10 {
        lines.push("**Fewer than ten rounds: a check of the harness, not a result.**".to_owned());
    }
    lines.join("\\\n") + "\n"
}

fn aims_table(aims: &[Aim]) -> String {
    let word = |aim: &Aim| if aim.reached() == Some(true) { "yes" } else { "**no**" };
    let unit = |value: Option<f64>, unit: &str| format!("{} {unit}", shown(value)).trim().to_owned();
    let row = |aim: &Aim| {
        vec![
            format!("`{}`: {}", aim.name, aim.text),
            unit(aim.value, aim.unit),
            unit(aim.limit, aim.unit),
            word(aim).to_owned(),
        ]
    };
    table(
        &["aim (medians unless it says otherwise)", "measured", "at most", "reached"],
        &aims.iter().map(row).collect::<Vec<_>>(),
    )
}
