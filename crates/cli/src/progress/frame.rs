//! Everything that is shown at the foot of the terminal, at one moment.

use caddis_types::Timestamp;
use caddis_types::api::{JobPhase, JobView};

use super::line::Line;
use super::{Seen, attempts, groups, stages, title, totals};
use crate::output::style::{Style, Tint};

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_ASCII: [&str; 4] = ["|", "/", "-", "\\"];

/// The lines, each at most `room` columns wide.
pub fn frame(seen: Seen<'_>, now: Timestamp, room: usize, style: Style) -> Vec<Line> {
    let mut lines = vec![heading(seen.job, now, style), stages::line(seen.job, now, room, style)];
    lines.extend(waiting(seen, style));
    if seen.job.phase == JobPhase::Running {
        if let Some(dask) = seen.cluster.and_then(|cluster| cluster.dask.as_ref()) {
            lines.extend(groups::lines(dask, room, style));
        }
        lines.extend(totals::lines(seen, room, style));
    }
    lines.into_iter().map(|line| line.cut(room)).collect()
}

fn heading(job: &JobView, now: Timestamp, style: Style) -> Line {
    let tick = usize::try_from(now.0 / 100_000).unwrap_or(0);
    let spinner = match style.unicode {
        true => SPINNER[tick % SPINNER.len()],
        false => SPINNER_ASCII[tick % SPINNER_ASCII.len()],
    };
    let line = Line::new().with(Tint::Active, spinner).and(" ").with(Tint::Bold, title(job)).and("  ");
    let line = line.with(Tint::Dim, job.id.as_str());
    match attempts::number(job) {
        0 | 1 => line,
        n => line.and("  ").with(Tint::Notice, format!("attempt {n}")),
    }
}

/// Why it does not run yet: the environment's step, or the most direct reason.
fn waiting(seen: Seen<'_>, style: Style) -> Option<Line> {
    let job = seen.job;
    let mark = style.pick("  └ ", "  - ");
    match (job.phase, &job.environment_step, seen.why.or(job.reasons.first())) {
        (JobPhase::Environment, Some(step), _) => Some(Line::new().with(Tint::Dim, mark).and(step)),
        (JobPhase::Running, ..) => None,
        (_, _, Some(reason)) => {
            let line = Line::new().with(Tint::Dim, mark).and(&reason.sentence);
            Some(match &reason.next {
                Some(next) => line.with(Tint::Dim, format!("; {next}")),
                None => line,
            })
        }
        _ => None,
    }
}
