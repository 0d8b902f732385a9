//! The comparison as a table for documents.

use super::compare::{Case, Row, TIMES, Verdict};

/// One table for all cases, and below it every loss.
pub fn markdown(cases: &[Case]) -> String {
    let mut text = String::from("| work | workers | policy | time / shortest | cost / bound at 1.1 | cost | repeated |\n|---|---|---|---|---|---|---|\n");
    for case in cases {
        for (index, row) in case.rows.iter().enumerate() {
            let (work, workers) = if index == 0 { (case.class, format!("{}..{}", case.min, case.max)) } else { ("", String::new()) };
            text += &format!(
                "| {work} | {workers} | {} | {:.2} | {:.2} | {} | {} |\n",
                row.policy,
                case.time(row) / shortest(case),
                ratio(row, case),
                row.cost,
                row.repeated
            );
        }
    }
    text += "\n";
    text += &losses(cases);
    text
}

/// What everything is measured against: with the most workers from the beginning; of shared clusters the least that
/// anybody waited.
fn shortest(case: &Case) -> f64 {
    if !case.is_shared {
        return case.fastest;
    }
    case.rows.iter().map(|row| row.waited).fold(f64::INFINITY, f64::min)
}

fn ratio(row: &Row, case: &Case) -> f64 {
    row.cost.0 as f64 / (case.bounds[1].0 as f64).max(1.0)
}

/// Each aim that is missed, in a line.
fn losses(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let Some(ours) = case.rows.first() else { continue };
        let place = format!("{} {}..{}", case.class, case.min, case.max);
        let times = ratio(ours, case);
        if times > 1.15 {
            text += &format!("- {place}: {times:.2} x the bound's cost at {} x the shortest time, aim 1.15\n", TIMES[1]);
        }
        for other in case.rows.iter().filter(|row| matches!(row.policy.as_str(), "adaptive" | "dataproc")) {
            let (cost, time) = (percent(ours.cost.0 as f64, other.cost.0 as f64), percent(case.time(ours), case.time(other)));
            match case.verdict(ours, other) {
                Verdict::Dominates => {}
                Verdict::Neither => text += &format!("- {place}: against {}: cost {cost}, time {time}\n", other.policy),
                Verdict::Dominated => text += &format!("- {place}: DOMINATED by {}: cost {cost}, time {time}\n", other.policy),
            }
        }
    }
    if text.is_empty() { "No aim is missed.\n".to_owned() } else { text }
}

fn percent(ours: f64, other: f64) -> String {
    format!("{:+.1} %", (ours / other.max(f64::MIN_POSITIVE) - 1.0) * 100.0)
}
