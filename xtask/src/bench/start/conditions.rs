//! What a reader must know before believing a number: the lines that every report begins with.

use serde_json::Value;

use super::machine::QUIET;

/// The machine, the versions, the load, and whatever spoils a run.
pub(in crate::bench) fn conditions(facts: &Value, failures: usize, left_behind: &[String]) -> Vec<String> {
    let text = |name: &str| facts[name].as_str().unwrap_or("unknown").to_owned();
    let versions = facts["versions"].as_object().into_iter().flatten();
    let versions: Vec<String> =
        versions.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or("?"))).collect();
    let ram = facts["ram_bytes"].as_f64().unwrap_or(0.0) / f64::from(1 << 30);
    let mut lines = vec![
        format!("{}, commit {}, {}.", text("begun"), text("commit"), text("caddis")),
        format!("{}, {} cores, {ram:.0} GiB, Linux {}.", text("processor"), facts["cores"], text("kernel")),
        format!("{}.", versions.join(", ")),
        load_line(facts),
    ];
    if busy_before(facts) > QUIET {
        lines.push("**The machine was busy with something else: do not quote these numbers.**".to_owned());
    }
    if failures > 0 {
        lines.push("**Some measurements failed; the JSON file says which.**".to_owned());
    }
    if !left_behind.is_empty() {
        lines.push(format!("**Left behind: {}.**", left_behind.join("; ")));
    }
    lines
}

fn load_line(facts: &Value) -> String {
    let shown = |name: &str| loads(facts, name).iter().map(|load| format!("{load:.2}")).collect::<Vec<_>>().join(" ");
    let busy = busy_before(facts) * 100.0;
    let mut line =
        format!("Processors busy before: {busy:.0} %. Load before {}, after {}", shown("load_before"), shown("load_after"));
    let rounds = shown("load_at_rounds");
    if !rounds.is_empty() {
        line.push_str(&format!("; at the rounds {rounds}"));
    }
    line + "."
}

/// The share of the processors that something else used when the run began; all of them where that is not known.
fn busy_before(facts: &Value) -> f64 {
    facts["busy_before"].as_f64().unwrap_or(1.0)
}

fn loads(facts: &Value, name: &str) -> Vec<f64> {
    facts[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
