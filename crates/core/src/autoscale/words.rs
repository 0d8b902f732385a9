//! Decisions said for people: the figures that they went by, and what would change them.

use std::time::Duration;

use caddis_types::{NanoDollars, Timestamp, duration};

use super::backlog::Backlog;
use super::decide::Scene;

pub(super) fn backlog(scene: &Scene<'_>, backlog: &Backlog, target: u32) -> String {
    let more = target.saturating_sub(scene.current);
    let now = match backlog.ends(scene.current) {
        ends if ends.is_finite() => format!("end in {}", span(ends)),
        _ => "never end".to_owned(),
    };
    format!(
        "{} of work {now} with {}; {more} more end it in {}, and {} while they start ({} each)",
        span(backlog.seconds),
        workers(scene.current),
        span(backlog.ends(target)),
        cost(scene, more),
        span(scene.start_seconds()),
    )
}

pub(super) fn too_late(scene: &Scene<'_>, backlog: &Backlog) -> String {
    format!(
        "{} of work end in {} with {}; a worker takes {} to start and would find too little left to do",
        span(backlog.seconds),
        span(backlog.ends(scene.current)),
        workers(scene.current),
        span(scene.start_seconds()),
    )
}

pub(super) fn at_maximum(scene: &Scene<'_>, backlog: &Backlog) -> String {
    format!(
        "{} of work for {}, and more may not be asked for",
        span(backlog.seconds),
        workers(scene.current),
    )
}

pub(super) fn guess(scene: &Scene<'_>) -> String {
    format!("nobody has measured these tasks yet; more is decided when all of {} are here", workers(scene.current))
}

pub(super) fn cpu(scene: &Scene<'_>, target: u32) -> String {
    let busy = percent(scene.signals.cpu);
    format!("processors are {busy} busy and more tasks wait than threads are free: {}", workers(target))
}

pub(super) fn memory(scene: &Scene<'_>, target: u32) -> String {
    let (used, mark) = (percent(scene.signals.memory), percent(scene.policy.memory_high));
    format!("{used} of the workers' memory is in use, more than {mark}: {}", workers(target))
}

pub(super) fn memory_at_maximum(scene: &Scene<'_>) -> String {
    let used = percent(scene.signals.memory);
    format!("{used} of the workers' memory is in use, and more workers may not be asked for")
}

pub(super) fn steady(scene: &Scene<'_>) -> String {
    format!("{} are as many as what can run now keeps busy", workers(scene.current))
}

pub(super) fn idle(scene: &Scene<'_>) -> String {
    match scene.current {
        0 => "nothing runs or waits; the next task starts a worker".to_owned(),
        current => format!("nothing runs or waits; {} is the minimum", workers(current)),
    }
}

pub(super) fn data(scene: &Scene<'_>) -> String {
    let (results, current) = (caddis_types::bytes::display(scene.signals.data_bytes), workers(scene.current));
    format!("nothing runs or waits; {results} of results that somebody may want are on {current}")
}

pub(super) fn kept(scene: &Scene<'_>, target: u32) -> String {
    let results = caddis_types::bytes::display(scene.signals.data_bytes);
    format!("{results} of results that somebody may want are there and keep {}, of which none was wanted", workers(target))
}

pub(super) fn settling(scene: &Scene<'_>, needed: u32, due: Timestamp) -> String {
    let left = span(due.since(scene.now).as_secs_f64());
    format!("{} would be enough; the others stay for another {left}, in case work comes back", workers(needed))
}

pub(super) fn busy(scene: &Scene<'_>) -> String {
    format!("fewer tasks than threads, but processors are {} busy: nobody goes", percent(scene.signals.cpu))
}

pub(super) fn not_closable(scene: &Scene<'_>) -> String {
    format!("fewer than {} would be enough, but the scheduler lets none of them go now", workers(scene.current))
}

pub(super) fn spare(scene: &Scene<'_>, target: u32, hold: f64) -> String {
    let (gone, needed) = (scene.current - target, workers(target));
    format!("no more than {needed} were needed for {}: {gone} of {} go", span(hold), scene.current)
}

fn workers(count: u32) -> String {
    match count {
        1 => "1 worker".to_owned(),
        n => format!("{n} workers"),
    }
}

/// What starting so many costs before they work.
fn cost(scene: &Scene<'_>, workers: u32) -> String {
    let one = scene.economy.worker_hour.for_span(Duration::from_secs_f64(scene.start_seconds()));
    format!("cost {}", NanoDollars(one.0.saturating_mul(i64::from(workers))))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn span(seconds: f64) -> String {
    duration::display(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}
