//! What is not in the ledger yet, as if everything that lives ended now: so that a report is right at any moment.

use std::time::Duration;

use caddis_types::shape::ClusterShape;
use caddis_types::{JobId, NanoDollars, Timestamp};

use super::book::{Life, MINUTE, book, role};
use crate::prices::{Role, Tariff};
use crate::record::{ClusterRecord, LedgerKind, LedgerLine, MemberPhase};
use crate::world::{Member, Members};

/// The lines that would be written for what lives. Where it cannot be seen, the record's word for its start counts.
pub fn open(cluster: &ClusterRecord, members: Option<&Members>, tariff: &Tariff, now: Timestamp) -> Vec<LedgerLine> {
    open_ahead(cluster, members, tariff, now, Duration::ZERO)
}

/// The same if all of it lived so much longer.
fn open_ahead(
    cluster: &ClusterRecord,
    members: Option<&Members>,
    tariff: &Tariff,
    now: Timestamp,
    ahead: Duration,
) -> Vec<LedgerLine> {
    let lines = |(member, phase): (Member, &MemberPhase)| {
        let MemberPhase::Running { started_at, .. } = phase else { return Vec::new() };
        let seen = members.and_then(|members| members.get(&member));
        let life = seen.map_or(Life::between(*started_at, now), |view| Life::of(view, now));
        let over = seen.is_some_and(|view| view.end.is_some());
        let life = Life { lived: life.lived + if over { Duration::ZERO } else { ahead }, ..life };
        book(cluster, &member, life, true, tariff)
    };
    processes(cluster).flat_map(lines).collect()
}

/// Every process that the record has a place for.
pub(super) fn processes(cluster: &ClusterRecord) -> impl Iterator<Item = (Member, &MemberPhase)> {
    let scheduler = cluster.scheduler.as_ref().map(|scheduler| (Member::Scheduler, &scheduler.phase));
    let workers = cluster.slots.iter().map(|(slot, record)| {
        (Member::Worker { slot: *slot, attempt: record.attempt }, &record.phase)
    });
    scheduler.into_iter().chain(workers)
}

/// What a job costs on one cluster, now and when it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Until now.
    pub so_far: NanoDollars,
    /// When everything has ended, after the time that takes; what was asked for and has not started costs a minute.
    pub ended: NanoDollars,
    /// All that lives, an hour.
    pub hour: NanoDollars,
}

/// Foresees what a job costs on one cluster if its end begins now and takes `ahead`.
pub fn foresee(
    cluster: &ClusterRecord,
    job: &JobId,
    members: Option<&Members>,
    tariff: &Tariff,
    now: Timestamp,
    ahead: Duration,
) -> Foreseen {
    let so_far = job_cost(cluster, job, &open(cluster, members, tariff, now));
    let (mut coming, mut hour) = (NanoDollars(0), NanoDollars(0));
    for (member, phase) in processes(cluster) {
        let role = role(cluster, &member);
        let price = tariff.price(&cluster.shape, role, now);
        let minute = dearest(cluster, role, tariff, now).for_span(MINUTE);
        match phase {
            MemberPhase::Running { started_at, .. } => {
                hour += price;
                // Its first minute is paid whatever happens, and what is left of it at the price of then.
                if now.since(*started_at) < MINUTE {
                    coming += minute - price.for_span(MINUTE);
                }
            }
            MemberPhase::Waiting { .. } | MemberPhase::Intended { .. } => coming += minute,
            MemberPhase::Ended { .. } => {}
        }
    }
    coming += first_minutes(cluster, granted(cluster), tariff, now);
    if cluster.scheduler.is_none() && !cluster.state.is_ending() {
        coming += dearest(cluster, Role::Scheduler, tariff, now).for_span(MINUTE);
    }
    let later = job_cost(cluster, job, &open_ahead(cluster, members, tariff, now, ahead));
    let part = |money: NanoDollars| match cluster.account.jobs.len() {
        parts if cluster.job.is_none() && parts > 1 => money.part(0, parts),
        _ => money,
    };
    Foreseen { so_far, ended: later + part(coming), hour: part(hour) }
}

/// Workers that a cluster may start and of which it has no slot yet.
pub fn granted(cluster: &ClusterRecord) -> u32 {
    cluster.workers_wanted.saturating_sub(cluster.slots.len() as u32)
}

/// What so many more workers cost at least.
pub fn first_minutes(cluster: &ClusterRecord, workers: u32, tariff: &Tariff, now: Timestamp) -> NanoDollars {
    let worker = dearest(cluster, Role::Worker, tariff, now).for_span(MINUTE);
    NanoDollars(worker.0.saturating_mul(i64::from(workers)))
}

/// The highest price an hour that somebody has who comes now, within the minute that is paid at least. Who is asked for
/// may take another minute to come.
pub fn dearest(cluster: &ClusterRecord, role: Role, tariff: &Tariff, now: Timestamp) -> NanoDollars {
    let at = |ahead| tariff.price(&cluster.shape, role, now + ahead);
    at(Duration::ZERO).max(at(MINUTE)).max(at(2 * MINUTE))
}

/// The least that a cluster of a shape costs: a minute of its scheduler and its fewest workers.
pub fn least(shape: &ClusterShape) -> NanoDollars {
    let worker = shape.worker_price_hour.for_span(MINUTE);
    shape.scheduler_price_hour.for_span(MINUTE) + NanoDollars(worker.0 * i64::from(shape.workers_min))
}

/// The same of a cluster that is to be started now, at the highest prices that its first minutes have.
pub fn least_soon(cluster: &ClusterRecord, tariff: &Tariff, now: Timestamp) -> NanoDollars {
    let scheduler = dearest(cluster, Role::Scheduler, tariff, now).for_span(MINUTE);
    scheduler + first_minutes(cluster, cluster.shape.workers_min, tariff, now)
}

/// What a cluster has used so far, in the ledger and not yet: worker microseconds and cost.
pub fn usage(cluster: &ClusterRecord, open: &[LedgerLine]) -> (i64, NanoDollars) {
    let workers = open.iter().filter(|line| line.kind == LedgerKind::Worker);
    let micros: i64 = workers.map(LedgerLine::micros).sum();
    let cost: NanoDollars = open.iter().map(|line| line.cost).sum();
    (cluster.worker_micros + micros, cluster.cost + cost)
}

/// What a job has cost so far on one cluster: all of its own, its part of one that it shares.
pub fn job_cost(cluster: &ClusterRecord, job: &JobId, open: &[LedgerLine]) -> NanoDollars {
    if cluster.job.as_ref() == Some(job) {
        return usage(cluster, open).1;
    }
    let part = |line: &LedgerLine| {
        let jobs = line.jobs();
        jobs.iter().position(|other| other == job).map(|number| line.cost.part(number, jobs.len()))
    };
    let booked = cluster.account.shares.get(job).copied().unwrap_or_default();
    booked + open.iter().filter_map(part).sum()
}
