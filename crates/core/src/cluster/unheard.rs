//! A worker that runs and that its scheduler has lost: its host hangs, or is cut off.
//!
//! Dask itself decides that a worker is lost, after `distributed.scheduler.worker-ttl` without a heartbeat, and has its
//! tasks done elsewhere. What is left is a process that holds memory of the pool and does nothing: it is replaced.

use std::time::Duration;

use caddis_types::Timestamp;

use super::{ClusterInput, slots};
use crate::diagnosis;
use crate::plan::Plan;
use crate::record::ClusterRecord;
use crate::world::Member;

/// A worker that was just ready, or just closed, may be unknown for a moment.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a scheduler said longer ago says nothing about now.
const FRESH: Duration = Duration::from_secs(5);

/// Ends a worker that its scheduler has not known for a while.
pub(super) fn step(
    plan: &mut Plan<ClusterRecord>,
    input: &ClusterInput<'_>,
    number: u32,
    ready_at: Timestamp,
    now: Timestamp,
) {
    let Some(slot) = plan.record.slots.get_mut(&number) else { return };
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    let heard = input.world.dask.as_ref().is_some_and(|dask| now.since(dask.at) < FRESH && dask.at > ready_at);
    if !heard || slots::is_known(input, &member) {
        slot.unheard_since = None;
        return;
    }
    let since = *slot.unheard_since.get_or_insert(now);
    if since + PATIENCE > now {
        plan.due_at(since + PATIENCE);
    } else {
        slots::end(plan, member, diagnosis::UNHEARD, now);
    }
}
