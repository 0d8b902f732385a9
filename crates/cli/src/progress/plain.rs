//! Progress where there is no terminal: a line for each change of stage, and one every 30 seconds.

use std::time::Duration;

use caddis_types::api::JobPhase;
use caddis_types::{Timestamp, duration};

use super::{Seen, stages, title, totals};

const EVERY: Duration = Duration::from_secs(30);

/// What was said already.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    phase: Option<(JobPhase, usize)>,
    said_at: Option<Timestamp>,
}

impl Plain {
    /// What is new since the last time, if anything is worth a line.
    pub fn next(&mut self, seen: Seen<'_>, now: Timestamp) -> Option<String> {
        let job = seen.job;
        let phase = (job.phase, job.attempts.len());
        if job.phase.is_final() {
            return None;
        }
        let changed = self.phase != Some(phase);
        let silent = self.said_at.is_none_or(|at| now.since(at) >= EVERY);
        if !changed && !silent {
            return None;
        }
        let first = self.phase.is_none();
        self.phase = Some(phase);
        self.said_at = Some(now);
        let opening = if first { format!("{} is {}: ", title(job), job.id) } else { String::new() };
        Some(format!("caddis: {opening}{}", if changed { entered(seen, now) } else { still(seen, now) }))
    }
}

/// `running (queued 0.1 s, environment 3.2 s, cluster 0.4 s)`.
fn entered(seen: Seen<'_>, now: Timestamp) -> String {
    let job = seen.job;
    let over = stages::reached(job, now);
    let over = over.iter().filter_map(|stage| Some(format!("{} {}", stage.name, duration::display(stage.to?.since(stage.from)))));
    let before = over.collect::<Vec<_>>().join(", ");
    let attempt = if job.attempts.len() > 1 { format!(", attempt {}", job.attempts.len()) } else { String::new() };
    match (word(job.phase), before.is_empty()) {
        (word, true) => format!("{word}{attempt}"),
        (word, false) => format!("{word}{attempt} ({before})"),
    }
}

fn still(seen: Seen<'_>, now: Timestamp) -> String {
    let job = seen.job;
    let word = word(job.phase);
    let since = stages::reached(job, now).last().map(|stage| duration::display(now.since(stage.from)));
    let line = format!("{word} for {}", since.unwrap_or_default());
    let detail = match job.phase {
        JobPhase::Running => totals::plain(seen),
        JobPhase::Environment if job.environment_step.is_some() => job.environment_step.clone(),
        _ => job.reasons.first().map(|reason| reason.sentence.clone()),
    };
    match detail {
        Some(detail) => format!("{line}: {detail}"),
        None => line,
    }
}

fn word(phase: JobPhase) -> &'static str {
    match phase {
        JobPhase::Queued => "queued",
        JobPhase::Environment => "making the environment ready",
        JobPhase::Cluster => "starting the cluster",
        JobPhase::Running => "running",
        JobPhase::Succeeded => "succeeded",
        JobPhase::Failed => "failed",
        JobPhase::Cancelled => "cancelled",
    }
}
