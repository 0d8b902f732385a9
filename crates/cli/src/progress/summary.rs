//! The last word on a job: how it ended, why, what it used, and what to type next.

use caddis_types::api::{JobPhase, JobView, Stream};
use caddis_types::{Cause, CauseCode, bytes, duration};

use super::{stages, title};
use crate::output::plural::{count, grouped};
use crate::output::style::{Style, Tint};
use crate::output::table::pairs;

/// The whole summary. `streamed` is what the user has already seen of the script's output.
pub fn summary(job: &JobView, streamed: &[Stream], style: Style) -> String {
    let mut text = headline(job, style);
    if let Some(cause) = &job.cause {
        text.push_str(&evidence(cause, style));
    }
    text.push_str(&used(job, style));
    for notice in &job.notices {
        text.push_str(&format!("{} {notice}\n", style.paint(Tint::Notice, "notice:")));
    }
    if job.phase != JobPhase::Succeeded {
        text.push_str(&next(job, streamed));
    }
    text
}

/// One line, or the cause as an `error:`; all that `--quiet` leaves.
pub fn failure(job: &JobView, style: Style) -> String {
    match &job.cause {
        Some(cause) => headline(job, style) + &evidence(cause, style),
        None => headline(job, style),
    }
}

fn headline(job: &JobView, style: Style) -> String {
    let took = wall(job).map(|wall| format!(" after {wall}")).unwrap_or_default();
    let name = format!("{} ({})", title(job), job.id);
    let (mark, tint, words) = match job.phase {
        JobPhase::Succeeded => (style.pick("✓ ", ""), Tint::Good, format!("succeeded{took}")),
        JobPhase::Cancelled => (style.pick("✗ ", ""), Tint::Notice, format!("was cancelled{took}")),
        JobPhase::Failed => (style.pick("✗ ", ""), Tint::Bad, format!("failed{took}")),
        _ => ("", Tint::Plain, "has not ended".to_owned()),
    };
    let sentence = match &job.cause {
        Some(cause) if job.phase == JobPhase::Failed => format!(": {}", cause.sentence),
        _ => String::new(),
    };
    format!("{} {}{sentence}\n", style.paint(tint, &format!("{mark}{name}")), style.paint(tint, &words))
}

fn wall(job: &JobView) -> Option<String> {
    let ended = job.stages.get("ended")?;
    Some(duration::display(ended.since(job.submitted_at)))
}

fn evidence(cause: &Cause, style: Style) -> String {
    let mut rows = vec![("  cause", cause.code.to_string())];
    let labels: Vec<String> = cause.evidence.iter().map(|fact| format!("  {}", fact.what)).collect();
    rows.extend(labels.iter().map(String::as_str).zip(cause.evidence.iter().map(|fact| fact.found.clone())));
    let hint = cause.hint.as_ref().map(|hint| format!("{} {hint}\n", style.paint(Tint::Active, "hint:")));
    pairs(&rows) + &hint.unwrap_or_default()
}

fn used(job: &JobView, style: Style) -> String {
    let usage = &job.usage;
    let stages = stages::reached(job, job.stages.get("ended").copied().unwrap_or(job.submitted_at));
    let times = stages.iter().filter_map(|stage| Some(format!("{} {}", stage.name, duration::display(stage.to?.since(stage.from)))));
    let of = if job.attempts.len() > 1 { format!("attempt {}: ", job.attempts.len()) } else { String::new() };
    let mut rows = vec![("  time", of + &times.collect::<Vec<_>>().join(style.pick(" · ", ", ")))];
    if usage.workers_peak > 0 {
        let workers = count(usage.workers_peak.into(), "worker");
        rows.push(("  workers", format!("{workers} at most, {:.1} worker-seconds", usage.worker_seconds)));
        rows.extend(usage.tasks_done.map(|tasks| ("  tasks", grouped(tasks))));
        if let Some(peak) = usage.peak_memory.filter(|peak| *peak > 0) {
            rows.push(("  memory", format!("{} at most in one worker", bytes::display(peak))));
        }
        rows.push(("  cost", format!("nothing here; {} on Google Cloud", usage.would_have_cost)));
    }
    if job.attempts.len() > 1 {
        rows.push(("  attempts", job.attempts.len().to_string()));
    }
    pairs(&rows)
}

fn next(job: &JobView, streamed: &[Stream]) -> String {
    let id = &job.id;
    let mut rows = Vec::new();
    if !job.attempts.is_empty() && streamed.len() < 2 {
        rows.push((format!("  caddis job logs {id}"), "its output"));
    }
    if let Some(cluster) = job.cluster.as_ref().filter(|_| job.cause.as_ref().is_some_and(|cause| of_cluster(cause.code))) {
        rows.push((format!("  caddis cluster logs {cluster}"), "what scheduler and workers wrote"));
    }
    rows.push((format!("  caddis job retry {id}"), "run it again"));
    let rows: Vec<(&str, String)> = rows.iter().map(|(command, about)| (command.as_str(), (*about).to_owned())).collect();
    format!("next:\n{}", pairs(&rows))
}

/// Whether scheduler and workers have more to say about it than the script.
fn of_cluster(cause: CauseCode) -> bool {
    use CauseCode::{ClusterStart, OutOfMemory, SchedulerLost, Unknown, VersionSkew, WorkersLost};
    matches!(cause, ClusterStart | OutOfMemory | SchedulerLost | Unknown | VersionSkew | WorkersLost)
}
