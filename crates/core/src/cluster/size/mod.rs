//! How many workers a cluster wants: what is known of it is put before the rule of [`crate::autoscale`], and the answer
//! into the record.
//!
//! `signals` is what is known, `keep` what is kept for those who replay decisions, `learn` what later clusters
//! need to know, `explain` the words. Growth still needs the pool's grant (see `admission`); whom to close is the
//! scheduler's choice. Deliberately absent: the rule itself.
//!
//! What always holds: a number that somebody fixed is never moved; nothing is decided while the scheduler is not heard.

mod explain;
mod keep;
pub(super) mod learn;
mod signals;
#[cfg(test)]
mod tests;

use std::time::Duration;

use caddis_types::shape::WorkerRange;
use caddis_types::{NanoDollars, Reason, Timestamp};

use super::{ClusterInput, budget, shortage, stuck};
use crate::autoscale::{self, Decision, Economy, Memory};
use crate::plan::Plan;
use crate::record::{ClusterRecord, DecisionRow, NewEvent};

/// While there is work, its amount changes without anybody announcing it.
const LOOK: Duration = Duration::from_secs(1);

/// Decides how many workers are wanted, and says why.
pub(super) fn decide(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) -> Vec<Reason> {
    if !plan.record.adapts() {
        plan.record.scaling.memory = Memory::default();
        let stuck = input.world.dask.as_ref().and_then(|dask| stuck::stuck(&plan.record, dask));
        return explain::stuck(stuck, &plan.record).into_iter().chain([explain::fixed(&plan.record)]).collect();
    }
    let paid = budget::most(&plan.record, input, now);
    let (before, range) = (plan.record.workers_desired, range(&plan.record, paid.as_ref().map(|paid| paid.workers)));
    let Some(dask) = &input.world.dask else {
        // Whatever it has to do, nobody comes whom the limit does not pay for.
        plan.record.workers_desired = before.min(range.max);
        return vec![explain::unheard(&plan.record, now)];
    };
    let signals = signals::gather(&plan.record, dask).rounded();
    let economy = Economy::ours(plan.record.scaling.start_seconds, next_worker_hour(&plan.record, now));
    let memory = &plan.record.scaling.memory;
    let policy = &input.settings.policy;
    let decision = autoscale::decide(policy, range, before, &signals, &economy, memory, now);
    let row = DecisionRow {
        cluster: plan.record.id.clone(),
        at: now,
        min: range.min,
        max: range.max,
        current: before,
        target: decision.target,
        why: decision.why,
        signals,
        start_seconds: economy.start_seconds,
        worker_hour: economy.worker_hour,
        policy: policy.clone(),
        memory: memory.clone(),
    };
    take(plan, &row, &decision, now);
    if keep::moves(&row.signals) {
        plan.due_at(now + LOOK);
    }
    let reason = explain::by_load(&plan.record, &row, &decision, now);
    let short = paid.filter(|paid| paid.workers < plan.record.shape.workers_max).map(|paid| paid.reason(now));
    keep::keep(plan, row);
    std::iter::once(reason).chain(short).collect()
}

/// What an hour of the next new worker costs.
fn next_worker_hour(record: &ClusterRecord, now: Timestamp) -> NanoDollars {
    match shortage::next_is_preemptible(record, now) {
        true => record.shape.preemptible_price_hour,
        false => record.shape.worker_price_hour,
    }
}

/// The cluster's range, as far as its job's limit pays for it.
fn range(record: &ClusterRecord, paid: Option<u32>) -> WorkerRange {
    let (min, max) = (record.shape.workers_min, record.shape.workers_max);
    WorkerRange { min, max: paid.map_or(max, |paid| max.min(paid).max(min)) }
}

/// Takes a decision into the record.
fn take(plan: &mut Plan<ClusterRecord>, row: &DecisionRow, decision: &Decision, now: Timestamp) {
    if row.target != row.current {
        let message = format!("it wants {} workers instead of {}: {}", row.target, row.current, decision.sentence);
        plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "cluster.adapts", message));
    }
    plan.record.workers_desired = decision.target;
    if !says_the_same(&plan.record.scaling.memory, &decision.memory) {
        plan.record.scaling.memory = decision.memory.clone();
    }
    if let Some(due) = decision.due {
        plan.due_at(due);
    }
}

/// Whether two memories differ only in when the youngest level was seen last. The rule puts the time of each look there
/// before it goes by it, so that it need not be written down at each look.
fn says_the_same(before: &Memory, after: &Memory) -> bool {
    let undated = |memory: &Memory| {
        let mut memory = memory.clone();
        memory.levels.last_mut().into_iter().for_each(|level| level.at = Timestamp(0));
        memory
    };
    undated(before) == undated(after)
}
