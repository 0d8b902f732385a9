//! Progress where there is no terminal: a line for each change of stage, one for each reason to wait, and one every 30
//! seconds.

use std::time::Duration;

use caddis_types::api::JobPhase;
use caddis_types::{Reason, ReasonCode, Timestamp, duration};

use super::{Seen, attempts, stages, title, totals};
use crate::waiting;

const EVERY: Duration = Duration::from_secs(30);

/// What was said already.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    phase: Option<(JobPhase, usize)>,
    why: Option<Reason>,
    said_at: Option<Timestamp>,
}

impl Plain {
    /// What is new since the last time, if anything is worth a line.
    pub fn next(&mut self, seen: Seen<'_>, now: Timestamp) -> Option<String> {
        let job = seen.job;
        let phase = (job.phase, attempts::number(job));
        if job.phase.is_final() {
            return None;
        }
        let changed = self.phase != Some(phase);
        let silent = self.said_at.is_none_or(|at| now.since(at) >= EVERY);
        // Of a failed attempt its own line tells.
        let why = seen.why.filter(|why| !changed && why.code != ReasonCode::WaitingForRetry);
        let news = why.filter(|why| waiting::is_news(self.why.as_ref(), why));
        if !changed && !silent && news.is_none() {
            return None;
        }
        self.why = why.cloned();
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
    let stage = format!("{}{}", word(job.phase), attempts::label(job));
    if before.is_empty() { stage } else { format!("{stage} ({before})") }
}

fn still(seen: Seen<'_>, now: Timestamp) -> String {
    let job = seen.job;
    let word = word(job.phase);
    let since = stages::reached(job, now).last().map(|stage| duration::display(now.since(stage.from)));
    let line = format!("{word}{} for {}", attempts::label(job), since.unwrap_or_default());
    let detail = match job.phase {
        JobPhase::Running => totals::plain(seen),
        JobPhase::Environment => seen.why.map(|why| step(why).to_owned()).or_else(|| job.environment_step.clone()),
        _ => seen.why.or(job.reasons.first()).map(waiting::sentence),
    };
    match detail {
        Some(detail) => format!("{line}: {detail}"),
        None => line,
    }
}

/// The step alone, since the line's own words say the rest. The job's own is only as new as its last change.
fn step(why: &Reason) -> &str {
    why.sentence.strip_prefix("its Python environment is made ready: ").unwrap_or(&why.sentence)
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
