//! What is not in the ledger yet, as if everything that lives ended now: so that a report is right at any moment.

use caddis_types::{JobId, NanoDollars, Timestamp};

use super::book::{Life, book};
use crate::prices::Tariff;
use crate::record::{ClusterRecord, LedgerKind, LedgerLine, MemberPhase};
use crate::world::{Member, Members};

/// The lines that would be written for what lives. Where it cannot be seen, the record's word for its start counts.
pub fn open(cluster: &ClusterRecord, members: Option<&Members>, tariff: &Tariff, now: Timestamp) -> Vec<LedgerLine> {
    let scheduler = cluster.scheduler.as_ref().map(|scheduler| (Member::Scheduler, &scheduler.phase));
    let workers = cluster.slots.iter().map(|(slot, record)| {
        (Member::Worker { slot: *slot, attempt: record.attempt }, &record.phase)
    });
    let lines = |(member, phase): (Member, &MemberPhase)| {
        let MemberPhase::Running { started_at, .. } = phase else { return Vec::new() };
        let seen = members.and_then(|members| members.get(&member));
        let life = seen.map_or(Life::between(*started_at, now), |view| Life::of(view, now));
        book(cluster, &member, life, true, tariff)
    };
    scheduler.into_iter().chain(workers).flat_map(lines).collect()
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
