//! The stages of a job, with their times: `queued 0.1 s  environment 3.2 s  cluster 0.4 s  running 12.3 s`.

use caddis_types::api::{JobPhase, JobView};
use caddis_types::{Timestamp, duration};

use super::attempts;
use super::line::Line;
use crate::output::style::{Style, Tint};

/// In the order in which a job goes through them.
const STAGES: [&str; 4] = ["queued", "environment", "cluster", "running"];

/// One stage that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// Its word.
    pub(super) name: &'static str,
    /// When it began.
    pub(super) from: Timestamp,
    /// When it was over.
    pub(super) to: Option<Timestamp>,
}

/// The stages that were reached, in order. The phase may be ahead of the record of when each began.
pub(super) fn reached(job: &JobView, now: Timestamp) -> Vec<Stage> {
    let ended = job.stages.get("ended").copied();
    let mut begun: Vec<(&'static str, Timestamp)> =
        STAGES.iter().filter_map(|name| job.stages.get(*name).map(|at| (*name, *at))).collect();
    // The record says when the job was queued at first; that of a retry begins with the end of the attempt before it.
    if let (Some(queued), Some(before)) = (begun.first_mut().filter(|(name, _)| *name == STAGES[0]), before(job)) {
        queued.1 = before.max(queued.1);
    }
    if let Some(current) = current(job.phase).filter(|current| begun.iter().all(|(name, _)| order(name) < order(current))) {
        begun.push((current, now));
    }
    let next = |index: usize| begun.get(index + 1).map(|(_, at)| *at).or(ended);
    begun.iter().enumerate().map(|(index, (name, from))| Stage { name, from: *from, to: next(index) }).collect()
}

/// When the attempt before the current one ended.
fn before(job: &JobView) -> Option<Timestamp> {
    let index = attempts::number(job).checked_sub(2)?;
    job.attempts.get(index)?.ended_at
}

fn current(phase: JobPhase) -> Option<&'static str> {
    match phase {
        JobPhase::Queued => Some("queued"),
        JobPhase::Environment => Some("environment"),
        JobPhase::Cluster => Some("cluster"),
        JobPhase::Running => Some("running"),
        JobPhase::Succeeded | JobPhase::Failed | JobPhase::Cancelled => None,
    }
}

/// All of them in one line; what is not reached yet is dim. Where there is no room, the oldest are left out first.
pub(super) fn line(job: &JobView, now: Timestamp, room: usize, style: Style) -> Line {
    let reached = reached(job, now);
    let last = reached.last().map_or(0, |stage| order(stage.name));
    let ahead = STAGES.iter().skip(last + 1).map(|name| {
        Line::new().and("  ").with(Tint::Dim, format!("{} {name}", style.pick("·", ".")))
    });
    let mut parts: Vec<Line> = reached.iter().map(|stage| one(stage, now, style)).chain(ahead).collect();
    while parts.len() > 1 && parts.iter().map(Line::width).sum::<usize>() > room {
        // The current stage is the last word; those ahead go before it does.
        let gone = if reached.len() > 1 && parts.len() > STAGES.len() - last { 0 } else { parts.len() - 1 };
        parts.remove(gone);
    }
    parts.into_iter().fold(Line::new(), Line::joined)
}

fn one(stage: &Stage, now: Timestamp, style: Style) -> Line {
    let took = duration::display(stage.to.unwrap_or(now).since(stage.from));
    let (mark, tint) = match stage.to {
        Some(_) => (style.pick("✓", "+"), Tint::Good),
        None => (style.pick("▸", ">"), Tint::Active),
    };
    Line::new().and("  ").with(tint, mark).and(format!(" {} ", stage.name)).with(Tint::Dim, took)
}

fn order(name: &str) -> usize {
    STAGES.iter().position(|stage| *stage == name).unwrap_or(STAGES.len())
}
