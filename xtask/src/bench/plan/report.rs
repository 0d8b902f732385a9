//! Writing a run down: JSON with every sample, and a table for people.

use anyhow::Result;
use serde_json::json;

use super::{Arguments, Measured};
use crate::bench::start::{machine, results};
use crate::bench::start::table::{shown, table};

/// One pass over 1,000 clusters of 100 workers may take this long, milliseconds.
const PASS_MS: f64 = 50.0;
/// One decision about a cluster's size, microseconds.
const DECISION_US: f64 = 100.0;
/// A cluster among many may cost so many times what one among a hundred costs: growth is linear.
const GROWTH: f64 = 1.5;

pub(super) fn write(arguments: &Arguments, measured: &Measured, begun: &str, busy: f64) -> Result<()> {
    let machine = machine::alone();
    let text = markdown(arguments, measured, begun, busy, &machine);
    let series: Vec<_> =
        measured.passes.iter().map(|(clusters, took)| json!({"clusters": clusters, "pass_ms": took})).collect();
    let json = json!({
        "benchmark": "plan", "begun": begun, "machine": machine, "busy_before": busy, "workers": arguments.workers,
        "passes": series, "decision_us": measured.decision_us,
        "aims": aims(measured).iter().map(|(text, value, limit)| json!({"aim": text, "value": value, "limit": limit, "reached": value <= limit})).collect::<Vec<_>>(),
    });
    results::write(arguments.out.as_deref(), begun, "plan", &text, &json)
}

/// What is aimed at: text, what was measured, what it may be at most.
fn aims(measured: &Measured) -> Vec<(&'static str, f64, f64)> {
    let mut aims = vec![("one decision about a cluster's size, us", measured.decision_us, DECISION_US)];
    let each = |clusters: u64| per_cluster(measured, clusters);
    if let Some(each) = each(1000) {
        aims.push(("one pass over 1,000 clusters, ms", each, PASS_MS));
    }
    if let (Some(many), Some(few)) = (each(10_000), each(100)) {
        aims.push(("a cluster of 10,000 in times of one of 100", many / 10_000.0 / (few / 100.0), GROWTH));
    }
    aims
}

fn per_cluster(measured: &Measured, clusters: u64) -> Option<f64> {
    measured.passes.iter().find(|(count, _)| *count == clusters).map(|(_, took)| median(took))
}

fn median(took: &[f64]) -> f64 {
    let mut sorted = took.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn markdown(
    arguments: &Arguments,
    measured: &Measured,
    begun: &str,
    busy: f64,
    machine: &serde_json::Value,
) -> String {
    let ram = machine["ram_bytes"].as_f64().unwrap_or(0.0) / f64::from(1 << 30);
    let text = |name: &str| machine[name].as_str().unwrap_or("unknown").to_owned();
    let share = busy * 100.0;
    let warning = if busy > machine::QUIET {
        "\\\n**The machine was busy with something else: do not quote these numbers.**"
    } else {
        ""
    };
    let row = |(text, value, limit): &(&str, f64, f64)| {
        let word = if value <= limit { "yes" } else { "**no**" };
        vec![(*text).to_owned(), shown(Some(*value)), shown(Some(*limit)), word.to_owned()]
    };
    let aims: Vec<_> = aims(measured).iter().map(row).collect();
    let passes: Vec<_> = measured
        .passes
        .iter()
        .map(|(clusters, took)| {
            let (median, most) = (median(took), took.iter().copied().fold(0.0, f64::max));
            let each = median * 1000.0 / *clusters as f64;
            vec![clusters.to_string(), shown(Some(median)), shown(Some(most)), shown(Some(each))]
        })
        .collect();
    format!(
        "# What deciding costs\n\n{begun}, commit {}.\\\n{}, {} cores, {ram:.0} GiB, Linux {}.\\\nProcessors busy before: {share:.0} %.{warning}\n\n\
         One pass is the whole plan of every cluster (`caddis_core::cluster::plan`), each with {} workers that serve, on one \
         thread, in its processor time; medians of {} passes.\n\n## Aims\n\n{}\n## One pass\n\n{}",
        text("commit"),
        text("processor"),
        machine["cores"],
        text("kernel"),
        arguments.workers,
        measured.passes.first().map_or(0, |(_, took)| took.len()),
        table(&["aim", "measured", "at most", "reached"], &aims),
        table(&["clusters", "median, ms", "most, ms", "a cluster, us"], &passes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_judged_by_what_one_cluster_costs() {
        let measured = Measured { passes: vec![(100, vec![1.0, 9.0, 1.0]), (10_000, vec![200.0])], decision_us: 2.0 };
        let aims = aims(&measured);
        assert_eq!(aims.last().map(|(_, value, _)| *value), Some(2.0));
        assert_eq!(aims.len(), 2, "nothing is said of 1,000 clusters that were not measured");
    }
}
