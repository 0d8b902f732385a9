//! Money and worker time: one line a process, made when its end is known, from the launcher's facts.

use caddis_types::{NanoDollars, Timestamp};

use crate::record::{ClusterRecord, LedgerKind, LedgerLine, MemberPhase};
use crate::world::Member;

/// The line for a process of `cluster` that ran from `started_at` to `ended_at`.
pub fn line(cluster: &ClusterRecord, member: &Member, started_at: Timestamp, ended_at: Timestamp) -> LedgerLine {
    let (kind, price_hour) = match member {
        Member::Scheduler => (LedgerKind::Scheduler, cluster.shape.scheduler_price_hour),
        _ => (LedgerKind::Worker, cluster.shape.worker_price_hour),
    };
    LedgerLine {
        key: format!("{}/{member}", cluster.id),
        owner: cluster.owner.clone(),
        cluster: cluster.id.clone(),
        job: cluster.job.clone(),
        tags: cluster.tags.clone(),
        kind,
        started_at,
        ended_at: ended_at.max(started_at),
        price_hour,
        cost: price_hour.for_span(ended_at.since(started_at)),
    }
}

/// What a cluster's living processes have used so far: worker microseconds and cost.
pub fn running(cluster: &ClusterRecord, now: Timestamp) -> (i64, NanoDollars) {
    let span = |phase: &MemberPhase| match phase {
        MemberPhase::Running { started_at, .. } => Some(now.since(*started_at)),
        _ => None,
    };
    let workers: Vec<_> = cluster.slots.values().filter_map(|slot| span(&slot.phase)).collect();
    let micros = workers.iter().map(|span| span.as_micros() as i64).sum();
    let worker_cost: NanoDollars = workers.iter().map(|span| cluster.shape.worker_price_hour.for_span(*span)).sum();
    let scheduler = cluster.scheduler.as_ref().and_then(|scheduler| span(&scheduler.phase));
    let scheduler_cost = scheduler.map_or(NanoDollars(0), |span| cluster.shape.scheduler_price_hour.for_span(span));
    (micros, worker_cost + scheduler_cost)
}
