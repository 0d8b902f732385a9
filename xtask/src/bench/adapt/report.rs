//! Writing a run down: JSON with every sample, and the same as a table for people.

use anyhow::Result;
use serde_json::json;

use super::args::{Arguments, LOADS};
use super::run::{Outcome, SIDES, name};
use crate::bench::start::conditions::conditions;
use crate::bench::start::results;
use crate::bench::start::table::{shown, table};

const ABOUT: &str = "\
From the program's first line to its result, on a cluster that has no worker then and may have ten of 1 thread and 1 GiB; \
`worker-seconds` and `to zero` until its last worker is gone again, the client still being there. `dask` is LocalCluster \
with `cluster.adapt(minimum=0, maximum=10)` and nothing else. Medians of all rounds; the counts are sums over them. \
`done again`: results that were computed more than once; `taken back`: tasks that were taken from a worker before they \
were done; `lost`: results that were on a worker when it was removed and nowhere else. All by the scheduler's own plugin \
interface, the same on both sides.\n";

/// What a program's row says: the metric, and whether it is a sum.
const COLUMNS: [(&str, bool); 8] = [
    ("seconds", false),
    ("worker_seconds", false),
    ("to_zero", false),
    ("peak", false),
    ("starts", false),
    ("again", true),
    ("taken_back", true),
    ("lost", true),
];

/// Writes both files and prints the tables.
pub(super) fn write(arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let begun = outcome.facts["begun"].as_str().unwrap_or_default();
    let text = markdown(arguments, outcome);
    let json = json!({
        "benchmark": "adapt",
        "rounds": arguments.rounds,
        "seed": outcome.seed,
        "only": arguments.only,
        "machine": outcome.facts,
        "numbers": outcome.numbers.json(),
        "differing": outcome.differing,
        "left_behind": outcome.left_behind,
    });
    results::write(arguments.out.as_deref(), begun, "adapt", &text, &json)
}

fn markdown(arguments: &Arguments, outcome: &Outcome) -> String {
    let mut lines = conditions(&outcome.facts, outcome.numbers.failures_of_all(), &outcome.left_behind);
    lines.push(format!("{} rounds in shuffled order, seed {}.", arguments.rounds, outcome.seed));
    lines.push(match &outcome.differing[..] {
        [] => "Every program's result was the same each time, on both sides.".to_owned(),
        differing => format!("**Results differed: {}.**", differing.join("; ")),
    });
    let heading = [
        "program",
        "side",
        "seconds",
        "worker-seconds",
        "to zero",
        "most workers",
        "started",
        "done again",
        "taken back",
        "lost",
        "failed",
        "n",
    ];
    format!(
        "# Clusters that scale\n\n{}\n\n{ABOUT}\n{}",
        lines.join("\\\n"),
        table(&heading, &rows(arguments, outcome))
    )
}

fn rows(arguments: &Arguments, outcome: &Outcome) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (load, label) in LOADS.iter().filter(|(load, _)| arguments.wants(load)) {
        for side in SIDES {
            let name = name(load, side);
            let numbers = &outcome.numbers;
            let cell = |(metric, sum): &(&str, bool)| {
                let summary = numbers.summary(&name, metric);
                shown(if *sum { numbers.sum(&name, metric) } else { summary.map(|summary| summary.median) })
            };
            let mut row = vec![(*label).to_owned(), side.to_owned()];
            row.extend(COLUMNS.iter().map(cell));
            row.push(numbers.failures(&name).to_string());
            row.push(numbers.summary(&name, "seconds").map_or(0, |summary| summary.n).to_string());
            rows.push(row);
        }
    }
    rows
}
