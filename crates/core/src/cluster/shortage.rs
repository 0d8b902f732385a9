//! When preemptible workers cannot be had, on-demand ones take their places, and give them back later.
//!
//! A refusal is believed for a while that doubles with each one in a row: meanwhile every new worker is on-demand. After
//! it, new ones are preemptible again, and where on-demand workers stand in for preemptible ones, one preemptible worker
//! at a time is asked for on top; when it serves, an on-demand one goes. So nothing is given up for a worker that cannot be
//! had either.

use std::time::Duration;

use caddis_types::{Cause, CauseCode, Timestamp};

use crate::plan::Plan;
use crate::record::{ClusterRecord, ClusterState, MemberPhase, NewEvent, Shortage, SlotRecord};
use crate::restart;
use crate::world::Member;

/// How long the first refusal is believed; the next ones twice, four times, ... as long.
const FIRST: Duration = Duration::from_secs(300);
/// The longest that one is believed.
const LONGEST: Duration = Duration::from_secs(3600);

/// Workers that stay and are not preemptible.
fn on_demand(record: &ClusterRecord) -> u32 {
    record.slots.values().filter(|slot| slot.retiring.is_none() && !slot.preemptible).count() as u32
}

/// On-demand workers beyond those that are to be on-demand.
pub(super) fn stand_ins(record: &ClusterRecord) -> u32 {
    record.shape.on_demand.map_or(0, |base| on_demand(record).saturating_sub(base))
}

/// Whether preemptible workers are not even asked for.
pub(super) fn lasts(record: &ClusterRecord, now: Timestamp) -> bool {
    record.scaling.shortage.is_some_and(|shortage| shortage.until > now)
}

/// Whether the next new worker is a preemptible one.
pub(super) fn next_is_preemptible(record: &ClusterRecord, now: Timestamp) -> bool {
    record.shape.on_demand.is_some_and(|base| on_demand(record) >= base) && !lasts(record, now)
}

/// After a shortage: asks for one preemptible worker on top, and later for the next.
pub(super) fn give_back(plan: &mut Plan<ClusterRecord>, now: Timestamp) {
    let record = &mut plan.record;
    let serves = |slot: &SlotRecord| matches!(slot.phase, MemberPhase::Running { ready_at: Some(_), .. });
    if let Some(number) = record.scaling.swap
        && (number < record.next_slot && record.slots.get(&number).is_none_or(|slot| serves(slot) || !slot.preemptible))
    {
        record.scaling.swap = None;
    }
    let Some(shortage) = record.scaling.shortage else { return };
    let settled = record.slots.values().all(|slot| serves(slot) && slot.retiring.is_none())
        && record.slots.len() as u32 == record.workers_desired;
    if shortage.until > now {
        plan.due_at(shortage.until);
    } else if stand_ins(record) == 0 {
        record.scaling.shortage = None;
    } else if record.scaling.swap.is_none() && settled && matches!(record.state, ClusterState::Running { .. }) {
        let message = "a preemptible worker is asked for again, to take the place of an on-demand one";
        plan.events.push(NewEvent::new(now, record.id.as_str(), "cluster.gives_back", message));
        record.scaling.swap = Some(record.next_slot);
    }
}

/// A preemptible worker could not be had, and certainly none runs: an on-demand one takes its place.
pub fn no_capacity(record: &ClusterRecord, member: &Member, why: &str, now: Timestamp) -> Plan<ClusterRecord> {
    let mut plan = Plan::keep(record.clone());
    let Member::Worker { slot: number, attempt } = member else { return plan };
    let intended = |slot: &&mut SlotRecord| slot.attempt == *attempt && matches!(slot.phase, MemberPhase::Intended { .. });
    let Some(slot) = plan.record.slots.get_mut(number).filter(intended) else { return plan };
    if !slot.preemptible {
        let cause = Cause::new(CauseCode::ClusterStart, format!("there is no capacity for a worker: {why}"));
        return super::start_refused(record, member, cause, now);
    }
    slot.attempt += 1;
    slot.preemptible = false;
    slot.phase = MemberPhase::Waiting { not_before: now };
    let times = record.scaling.shortage.map_or(0, |shortage| shortage.times);
    let until = now + restart::retry_pause(FIRST, times + 1).min(LONGEST);
    if plan.record.scaling.swap == Some(*number) {
        plan.record.scaling.swap = None;
        plan.record.slots.remove(number);
    }
    let since = record.scaling.shortage.map_or(now, |shortage| shortage.since);
    plan.record.scaling.shortage = Some(Shortage { since, until, times: times + 1 });
    let message = format!("no preemptible worker can be had: {why}; until {until} new ones are on-demand");
    plan.events.push(NewEvent::new(now, record.id.as_str(), "worker.no_capacity", message));
    plan.due_at(now);
    plan
}
