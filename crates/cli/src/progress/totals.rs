//! Workers, processors, memory and money at this moment.

use caddis_types::api::{ClusterView, SlotView, UsageView};
use caddis_types::{NanoDollars, bytes};

use super::line::Line;
use super::{Seen, groups};
use crate::output::plural;
use crate::output::style::{Style, Tint};
use crate::output::table::width;

/// `4 of 2..10 workers · CPU 310 % · memory 3.2 of 16 GiB · $0.0123 ($0.94/h)`, on as many lines as that takes.
pub(super) fn lines(seen: Seen<'_>, room: usize, style: Style) -> Vec<Line> {
    let Some(cluster) = seen.cluster else { return Vec::new() };
    let sum = cluster.dask.as_ref().filter(|dask| !groups::tell_all(dask)).and_then(|_| tasks(cluster));
    let parts = [Some(workers(cluster)), sum, cpu(cluster), memory(cluster), Some(cost(&seen.job.usage, cluster))];
    let between = style.pick(" · ", " | ");
    let mut lines: Vec<String> = Vec::new();
    for part in parts.into_iter().flatten() {
        match lines.last_mut() {
            Some(line) if width(line) + width(between) + width(&part) + 2 <= room => line.extend([between, &part]),
            _ => lines.push(part),
        }
    }
    lines.iter().map(|text| Line::new().and("  ").with(Tint::Dim, text)).collect()
}

/// The same without what a line in a log does not need.
pub(super) fn plain(seen: Seen<'_>) -> Option<String> {
    let cluster = seen.cluster?;
    let parts = [tasks(cluster), Some(workers(cluster)), cpu(cluster), memory(cluster)];
    let cost = format!("{} on Google Cloud", seen.job.usage.would_have_cost);
    Some(parts.into_iter().flatten().chain([cost]).collect::<Vec<_>>().join(", "))
}

fn serving(cluster: &ClusterView) -> u32 {
    let running = cluster.slots.iter().filter(|slot| slot.phase == "running").count();
    u32::try_from(running).unwrap_or(u32::MAX)
}

fn workers(cluster: &ClusterView) -> String {
    let (now, wanted) = (serving(cluster), cluster.workers_wanted);
    let range = plural::range(cluster.shape.workers_min, cluster.shape.workers_max);
    let of = if now == wanted { format!("of {range} ") } else { format!("of {wanted} wanted ") };
    let of = if range == now.to_string() && now == wanted { String::new() } else { of };
    format!("{now} {of}worker{}", if now == 1 && of.is_empty() { "" } else { "s" })
}

fn tasks(cluster: &ClusterView) -> Option<String> {
    let dask = cluster.dask.as_ref().filter(|dask| dask.total > 0)?;
    let failed = if dask.tasks.erred > 0 { format!(", {} failed", plural::grouped(dask.tasks.erred)) } else { String::new() };
    Some(format!("tasks {} / {}{failed}", plural::grouped(dask.done), plural::grouped(dask.total)))
}

fn cpu(cluster: &ClusterView) -> Option<String> {
    let workers = &cluster.dask.as_ref()?.workers;
    let sum: f64 = workers.iter().map(|worker| worker.cpu).sum();
    (!workers.is_empty()).then(|| format!("CPU {sum:.0} %"))
}

fn memory(cluster: &ClusterView) -> Option<String> {
    let workers = &cluster.dask.as_ref()?.workers;
    let used: u64 = workers.iter().map(|worker| worker.rss).sum();
    let limit: u64 = workers.iter().map(|worker| worker.memory_limit).sum();
    let spilled: u64 = workers.iter().map(|worker| worker.spilled).sum();
    let disk = if spilled > 0 { format!(" + {} on disk", bytes::display(spilled)) } else { String::new() };
    (!workers.is_empty()).then(|| format!("memory {} of {}{disk}", bytes::display(used), bytes::display(limit)))
}

fn cost(usage: &UsageView, cluster: &ClusterView) -> String {
    let price = |slot: &SlotView| match slot.preemptible {
        true => cluster.shape.preemptible_price_hour,
        false => cluster.shape.worker_price_hour,
    };
    let hour: NanoDollars = cluster.slots.iter().filter(|slot| slot.phase == "running").map(price).sum();
    format!("{} ({}/h)", usage.would_have_cost, hour + cluster.shape.scheduler_price_hour)
}
