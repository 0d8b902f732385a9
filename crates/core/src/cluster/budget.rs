//! The cost of a job's own cluster, as far as the job's `--max-cost` pays for it: a worker costs a minute at least, and a
//! cluster that is kept after a failure goes on costing.

use std::time::Duration;

use caddis_types::{NanoDollars, Reason, ReasonCode, Timestamp};

use super::ClusterInput;
use crate::job;
use crate::ledger;
use crate::plan::Plan;
use crate::prices::Role;
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

/// The most workers that a job's limit pays for.
pub(super) struct Paid {
    /// How many.
    pub(super) workers: u32,
    limit: NanoDollars,
}

impl Paid {
    /// Why there are no more.
    pub(super) fn reason(&self, now: Timestamp) -> Reason {
        let (workers, limit) = (self.workers, self.limit);
        let sentence = format!("its job's limit of {limit} pays for no more than {workers} workers, each for a minute at least");
        Reason::new(ReasonCode::FollowsLoad, sentence, now).next("a higher `--max-cost` of the next run lets it grow further")
    }
}

/// How many workers the limit pays for; what is there or was granted stays. Those who decide on a size go by it, so that
/// nobody wishes for what is then taken back.
pub(super) fn most(record: &ClusterRecord, input: &ClusterInput<'_>, now: Timestamp) -> Option<Paid> {
    let (limit, left) = standing(record, input, now)?;
    // One that goes makes no room: who follows it is a new worker, and costs a minute of its own.
    let stay = record.slots.values().filter(|slot| slot.retiring.is_none()).count();
    let there = record.workers_wanted.max(stay as u32);
    let price = ledger::dearest(record, Role::Worker, &input.settings.tariff, now);
    let each = price.for_span(Duration::from_secs(60)).0.max(1);
    let more = u32::try_from(left.0.max(0) / each).unwrap_or(u32::MAX);
    Some(Paid { workers: there.saturating_add(more), limit })
}
