//! How many workers the load asks for, within the cluster's range.
//!
//! The first, plain rule: up at once when Dask's own target is higher, at most doubling; down when it has been lower
//! for a while and nothing is held back. Growth still needs the pool's grant (see `admission`); whom to close is the
//! scheduler's choice. Deliberately absent: prices and start-up times.

use caddis_types::Timestamp;

use super::ClusterInput;
use crate::plan::Plan;
use crate::record::ClusterRecord;

pub(super) fn desire(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    let (min, max) = (plan.record.shape.workers_min, plan.record.shape.workers_max);
    let Some(dask) = input.world.dask.as_ref().filter(|_| min < max) else { return };
    let desired = plan.record.workers_desired;
    let target = dask.target.clamp(min, max);
    if target > desired && dask.runnable > u64::from(dask.threads) {
        plan.record.workers_desired = target.min(desired.saturating_mul(2).max(1));
        plan.record.shrink_since = None;
    } else if target < desired && dask.tasks.queued == 0 {
        let since = *plan.record.shrink_since.get_or_insert(now);
        let ripe = since + input.settings.shrink_grace;
        if ripe <= now {
            plan.record.workers_desired = target;
            plan.record.shrink_since = None;
        } else {
            plan.due_at(ripe);
        }
    } else {
        plan.record.shrink_since = None;
    }
}
