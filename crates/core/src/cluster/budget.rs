//! The cost of a job's own cluster, as far as the job's `--max-cost` pays for it: a worker costs a minute at least, and a
//! cluster that is kept after a failure goes on costing.

use std::time::Duration;

use caddis_types::{NanoDollars, Reason, ReasonCode, Timestamp};

use super::ClusterInput;
use crate::job;
use crate::ledger;
use crate::plan::Plan;
use crate::record::{ClusterRecord, StopWhy};
use crate::world::Observed;

/// What its job may cost, and what is left of that when the cluster has ended. Nothing is concluded from a world that
/// cannot be seen.
fn standing(record: &ClusterRecord, input: &ClusterInput<'_>, now: Timestamp) -> Option<(NanoDollars, NanoDollars)> {
    let job = input.job?;
    let limit = job.max_cost?;
    let Observed::Known(members) = &input.world.members else { return None };
    let (settings, tariff) = (input.settings, &input.settings.tariff);
    let foreseen = ledger::foresee(record, &job.id, Some(members), tariff, now, job::ending_span(settings));
    Some((limit, limit - foreseen.ended - job.spent))
}

/// Why a cluster that is kept to be looked at is not kept any longer.
pub(super) fn used_up(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) -> Option<StopWhy> {
    plan.record.keep_until?;
    let (limit, left) = standing(&plan.record, input, now)?;
    if left < NanoDollars(0) {
        return Some(StopWhy::orderly(format!("its job's limit of {limit} pays for no more")));
    }
    plan.due_at(now + input.settings.heartbeat);
    None
}

/// The most workers that the limit pays for, each for a minute at least; what is there or was granted stays. Absent
/// where that is no less than the cluster may have.
pub(super) fn most(record: &ClusterRecord, input: &ClusterInput<'_>, now: Timestamp) -> Option<(u32, NanoDollars)> {
    let there = record.workers_wanted.max(record.slots.len() as u32);
    let (limit, left) = standing(record, input, now)?;
    let each = record.shape.worker_price_hour.for_span(Duration::from_secs(60)).0.max(1);
    let more = left.0.max(0) / each;
    let most = there.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    (most < record.shape.workers_max).then_some((most, limit))
}

/// Lowers the wish for workers to what the limit pays for, and says so where that is what keeps the cluster small.
pub(super) fn hold(plan: &mut Plan<ClusterRecord>, most: Option<(u32, NanoDollars)>, now: Timestamp) -> Option<Reason> {
    let (most, limit) = most?;
    if plan.record.workers_desired < most {
        return None;
    }
    plan.record.workers_desired = most;
    let sentence = format!("it grows to no more than {most} workers: its job's limit of {limit} does not pay for more");
    Some(Reason::new(ReasonCode::FollowsLoad, sentence, now).next("a higher `--max-cost` of the next run lets it grow"))
}
