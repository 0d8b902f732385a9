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

/// Ends a worker that its scheduler has not known for a while; `is_known` says whether it does now.
pub(super) fn step(
    plan: &mut Plan<ClusterRecord>,
    input: &ClusterInput<'_>,
    number: u32,
    ready_at: Timestamp,
    is_known: bool,
    now: Timestamp,
) {
    let Some(slot) = plan.record.slots.get_mut(&number) else { return };
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    let heard = input.world.dask.as_ref().is_some_and(|dask| now.since(dask.at) < FRESH && dask.at > ready_at);
    if !heard || is_known {
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

#[cfg(test)]
mod tests {
    use caddis_types::dask::{DaskSnapshot, WorkerView};

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster};
    use crate::plan::Action;
    use crate::record::{MemberPhase, SlotRecord};
    use crate::settings::Settings;
    use crate::world::ClusterWorld;

    /// A look at a worker that has been ready for long, `seconds` later; whether its scheduler knows it, and how old its word is.
    fn look(record: &ClusterRecord, seconds: u64, known: bool, age: u64) -> Plan<ClusterRecord> {
        let now = NOW + Duration::from_secs(seconds);
        let worker = WorkerView { name: "worker-0000.1".into(), ..WorkerView::default() };
        let workers = if known { vec![worker] } else { Vec::new() };
        let dask = DaskSnapshot { at: now - Duration::from_secs(age), workers, ..DaskSnapshot::default() };
        let world = ClusterWorld { dask: Some(dask), ..crate::arbitrary::seen([]) };
        let settings = Settings::default();
        let input = ClusterInput { record, world: &world, job: None, scripts: &[], victims: &[], settings: &settings };
        let mut plan = Plan::keep(record.clone());
        step(&mut plan, &input, 0, NOW, known, now);
        plan
    }

    #[test]
    fn a_worker_that_is_not_known_for_a_while_is_ended_and_nobody_is_for_a_scheduler_that_is_silent() {
        let phase = MemberPhase::Running { started_at: NOW, pid: 7, ready_at: Some(NOW) };
        let mut record = plain_cluster(1, 1);
        record.slots.insert(0, SlotRecord { phase, ..SlotRecord::first(NOW, false) });
        let lost = look(&record, 60, false, 0);
        assert!(lost.actions.is_empty() && lost.due.is_some(), "it may be closing");
        assert_eq!(look(&lost.record, 65, true, 0).record, record, "it was only a moment");
        assert_eq!(look(&lost.record, 90, false, 20).record, record, "an old word says nothing");
        let ends = look(&lost.record, 76, false, 0);
        assert!(matches!(&ends.actions[..], [Action::StopMember { reason, .. }] if reason == diagnosis::UNHEARD));
    }
}
