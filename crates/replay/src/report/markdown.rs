//! The comparison as a table for documents.

use super::compare::{Case, Row, TIMES, Verdict};

/// What the rule's cost may be, in times of the bound's.
const AIM: f64 = 1.15;

/// Columns, in this order.
const POLICIES: [&str; 6] = ["caddis", "caddis, first run", "adaptive", "dataproc", "fixed 2", "fixed 10"];

/// Which of [`TIMES`] the aim is about.
const AIMED: usize = 1;

/// A table of times and costs, one of the costs beside each bound, and below them every loss.
pub fn markdown(cases: &[Case]) -> String {
    let time_and_cost =
        |case: &Case, row: &Row| format!("{} / {:.2}", times(case.time(row) / shortest(case)), ratio(case, row, AIMED));
    let costs = |case: &Case, row: &Row| {
        let costs: Vec<String> = (0..TIMES.len()).map(|which| times(ratio(case, row, which))).collect();
        costs.join(" / ")
    };
    let limits: Vec<String> = TIMES.iter().map(f64::to_string).collect();
    format!(
        "{}\nThe bound's cost, and everybody's in times of it, for work that ends in {} times the shortest time:\n\n{}\n{}",
        table(cases, None, time_and_cost),
        limits.join(" / "),
        table(cases, Some(("bound, dollars", dollars)), costs),
        losses(cases)
    )
}

/// A column that is about the work and not about a policy: its heading, and what it says.
type Column = (&'static str, fn(&Case) -> String);

/// A line for each case, a cell for each policy.
fn table(cases: &[Case], before: Option<Column>, cell: impl Fn(&Case, &Row) -> String) -> String {
    let first = ["work", "workers"].into_iter().chain(before.map(|(name, _)| name));
    let heading: String = first.chain(POLICIES).map(|name| format!(" {name} |")).collect();
    let right = "---:|".repeat(POLICIES.len() + usize::from(before.is_some()));
    let mut text = format!("|{heading}\n|---|---|{right}\n");
    for case in cases {
        let of = |policy: &&str| case.row(policy).map_or(" |".to_owned(), |row| format!(" {} |", cell(case, row)));
        let cells: String = POLICIES.iter().map(of).collect();
        let before = before.map_or(String::new(), |(_, says)| format!(" {} |", says(case)));
        text += &format!("| {} | {}..{} |{before}{cells}\n", case.class, case.min, case.max);
    }
    text
}

/// All bounds of a case.
fn dollars(case: &Case) -> String {
    let costs: Vec<String> = case.bounds.iter().map(|bound| times(bound.cost.dollars())).collect();
    costs.join(" / ")
}

/// In as many digits as say something.
fn times(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// What times are measured against: with the most workers from the beginning; of shared clusters the least that anybody
/// waited.
fn shortest(case: &Case) -> f64 {
    match case.is_shared {
        true => case.rows.iter().map(|row| row.waited).fold(f64::INFINITY, f64::min),
        false => case.fastest,
    }
}

/// In times of one of the bounds.
fn ratio(case: &Case, row: &Row, which: usize) -> f64 {
    row.cost.0 as f64 / (case.bounds[which].cost.0 as f64).max(1.0)
}

/// Each aim that is missed, in a line.
fn losses(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        for ours in case.rows.iter().filter(|row| row.policy.starts_with("caddis")) {
            text += &losses_of(case, ours);
        }
    }
    if text.is_empty() { "No aim is missed.\n".to_owned() } else { text }
}

fn losses_of(case: &Case, ours: &Row) -> String {
    let place = format!("{} {}..{}, {}", case.class, case.min, case.max, ours.policy);
    let (mut text, times) = (String::new(), ratio(case, ours, AIMED));
    if times > AIM {
        text += &format!(
            "- {place}: {times:.3} x the bound's cost at {} x the shortest time; the aim is {AIM}\n",
            TIMES[AIMED]
        );
    }
    if ours.unfinished > 0 {
        text += &format!("- {place}: {} traces were not finished\n", ours.unfinished);
    }
    for other in case.rows.iter().filter(|row| matches!(row.policy.as_str(), "adaptive" | "dataproc")) {
        let verdict = match case.verdict(ours, other) {
            Verdict::Dominates | Verdict::Equal => continue,
            Verdict::Neither => "does not dominate",
            Verdict::Dominated => "is dominated by",
        };
        let cost = percent(ours.cost.0 as f64, other.cost.0 as f64);
        let time = percent(case.time(ours), case.time(other));
        text += &format!("- {place}: {verdict} {}: cost {cost}, time {time}\n", other.policy);
    }
    text
}

fn percent(ours: f64, other: f64) -> String {
    format!("{:+.1} %", (ours / other.max(f64::MIN_POSITIVE) - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use caddis_types::NanoDollars;

    use super::*;
    use crate::report::Bound;

    fn row(policy: &str, cost: i64, makespan: f64) -> Row {
        Row { policy: policy.into(), cost: NanoDollars(cost), makespan, ..Row::default() }
    }

    #[test]
    fn every_loss_is_said() {
        let rows = vec![
            row("caddis", 120, 10.0),
            row("adaptive", 130, 9.0),
            row("dataproc", 110, 10.0),
            row("fixed 2", 1, 1.0),
        ];
        let costs = [125, 100, 80, 50];
        let bounds = TIMES.iter().zip(costs).map(|(times, cost)| Bound { times: *times, cost: NanoDollars(cost) });
        let bounds: Vec<Bound> = bounds.collect();
        let case = Case { class: "bursty", is_shared: false, min: 2, max: 10, traces: 1, fastest: 8.0, bounds, rows };
        let text = markdown(std::slice::from_ref(&case));
        assert!(text.contains("| bursty | 2..10 | 1.25 / 1.20 | | 1.12 / 1.30 | 1.25 / 1.10 | 0.12 / 0.01 | |"), "{text}");
        assert!(text.contains("| 0.96 / 1.20 / 1.50 / 2.40 | | 1.04 / 1.30 / 1.62 / 2.60 |"), "each bound: {text}");
        assert!(text.contains("in 1 / 1.1 / 1.5 / 2 times the shortest time"), "{text}");
        assert!(text.contains("1.200 x the bound's cost"), "{text}");
        assert!(text.contains("does not dominate adaptive: cost -7.7 %, time +11.1 %"), "{text}");
        assert!(text.contains("is dominated by dataproc: cost +9.1 %, time +0.0 %"), "{text}");
        let better = Case { rows: vec![row("caddis", 100, 8.0), row("adaptive", 130, 9.0)], ..case };
        assert!(markdown(&[better]).ends_with("No aim is missed.\n"));
    }
}
