//! When preemptible workers cannot be had, on-demand ones take their places, and give them back later.
//!
//! A refusal is believed for a while that doubles with each one in a row: meanwhile every new worker is on-demand. After
//! it, new ones are preemptible again, and where on-demand workers stand in for preemptible ones, one preemptible worker
//! at a time is asked for on top; when it serves, an on-demand one goes. So nothing is given up for a worker that cannot be
//! had either.

use std::time::Duration;

use caddis_types::shape::ClusterShape;
use caddis_types::{Cause, CauseCode, Timestamp};

use crate::plan::Plan;
use crate::record::{ClusterRecord, ClusterState, MemberPhase, NewEvent, Shortage, SlotRecord};
use crate::world::Member;

/// How long the first refusal is believed; the next ones twice, four times, ... as long.
const FIRST: Duration = Duration::from_secs(300);
/// The longest that one is believed.
const LONGEST: Duration = Duration::from_secs(3600);

/// Workers that stay and are not preemptible.
fn on_demand(record: &ClusterRecord) -> u32 {
    record.slots.values().filter(|slot| slot.retiring.is_none() && !slot.preemptible).count() as u32
}

/// How many of so many workers are to be on-demand: the base, and of those on top what the share leaves, rounded up. No
/// number is too large where none is to be preemptible.
fn wanted(record: &ClusterRecord, workers: u32) -> u32 {
    record.shape.on_demand.map_or(u32::MAX, |base| base.max(workers - preemptible(&record.shape, workers)))
}

/// How many of so many workers are preemptible while there are enough: of those beyond the base the share, rounded down.
pub fn preemptible(shape: &ClusterShape, workers: u32) -> u32 {
    let Some(base) = shape.on_demand else { return 0 };
    let share = shape.preemptible_share.unwrap_or(1.0).clamp(0.0, 1.0);
    (f64::from(workers.saturating_sub(base)) * share) as u32
}

/// On-demand workers beyond those that are to be on-demand, when there are so many workers.
pub(super) fn stand_ins(record: &ClusterRecord, workers: u32) -> u32 {
    on_demand(record).saturating_sub(wanted(record, workers))
}

/// Workers that stay.
pub(super) fn staying(record: &ClusterRecord) -> u32 {
    record.slots.values().filter(|slot| slot.retiring.is_none()).count() as u32
}

/// Whether preemptible workers are not even asked for.
pub(super) fn lasts(record: &ClusterRecord, now: Timestamp) -> bool {
    record.scaling.shortage.is_some_and(|shortage| shortage.until > now)
}

/// Whether the next new worker is a preemptible one.
pub(super) fn next_is_preemptible(record: &ClusterRecord, now: Timestamp) -> bool {
    on_demand(record) >= wanted(record, staying(record) + 1) && !lasts(record, now)
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
    } else if stand_ins(record, staying(record)) == 0 {
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
    let until = now + FIRST.saturating_mul(1 << times.min(16)).min(LONGEST);
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

#[cfg(test)]
mod tests {
    use caddis_types::dask::DaskSnapshot;

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster, runs, seen};
    use crate::cluster::{ClusterInput, plan, wished};
    use crate::record::Scaling;
    use crate::settings::Settings;
    use crate::world::{ClusterWorld, Observed};

    /// A cluster of three workers, one of them on-demand; the numbers in `refused` are to be preemptible and cannot be had.
    fn starting() -> ClusterRecord {
        let mut record = plain_cluster(3, 3);
        record.shape.on_demand = Some(1);
        let world = seen([]);
        look(&record, &world, 0).record
    }

    fn look(record: &ClusterRecord, world: &ClusterWorld, seconds: u64) -> Plan<ClusterRecord> {
        let settings = Settings::default();
        let name = |(slot, record): (&u32, &SlotRecord)| Member::Worker { slot: *slot, attempt: record.attempt }.to_string();
        let victims: Vec<_> = record.slots.iter().map(name).rev().collect();
        let input = ClusterInput { record, world, job: None, scripts: &[], victims: &victims, settings: &settings };
        plan(&input, NOW + Duration::from_secs(seconds))
    }

    fn preemptible(record: &ClusterRecord) -> Vec<bool> {
        record.slots.values().map(|slot| slot.preemptible).collect()
    }

    /// Everything that is intended runs and is ready; a scheduler says that nobody needs anything.
    fn serving(record: &ClusterRecord) -> ClusterWorld {
        let workers = record.slots.iter().map(|(slot, record)| Member::Worker { slot: *slot, attempt: record.attempt });
        let members = workers.chain([Member::Scheduler]).map(|member| (member, runs(NOW, true)));
        ClusterWorld { dask: Some(DaskSnapshot { clients: 1, ..DaskSnapshot::default() }), ..seen(members) }
    }

    #[test]
    fn the_base_is_on_demand_and_the_others_are_not() {
        let record = starting();
        assert_eq!(preemptible(&record), [false, true, true]);
        let all = ClusterRecord { shape: caddis_types::shape::ClusterShape { on_demand: None, ..record.shape }, ..plain_cluster(3, 3) };
        assert_eq!(preemptible(&look(&all, &seen([]), 0).record), [false; 3]);
    }

    #[test]
    fn of_those_on_top_a_share_is_preemptible() {
        let of = |workers: u32, base: Option<u32>, share: Option<f64>| {
            let mut record = plain_cluster(workers, workers);
            (record.shape.on_demand, record.shape.preemptible_share) = (base, share);
            preemptible(&look(&record, &seen([]), 0).record).into_iter().filter(|preemptible| *preemptible).count()
        };
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| of(10, Some(2), Some(share))), [0, 2, 4, 8]);
        assert_eq!((of(10, Some(2), None), of(10, Some(0), Some(0.5)), of(2, Some(2), Some(0.5)), of(10, None, Some(0.5))), (8, 5, 0, 0));
        // They come in turn, so that it is right at each number of workers.
        let mut record = plain_cluster(6, 6);
        (record.shape.on_demand, record.shape.preemptible_share) = (Some(2), Some(0.5));
        assert_eq!(preemptible(&look(&record, &seen([]), 0).record), [false, false, false, true, false, true]);
    }

    #[test]
    fn what_cannot_be_had_is_had_on_demand_under_another_name() {
        let record = starting();
        let refused = no_capacity(&record, &Member::Worker { slot: 1, attempt: 1 }, "all are taken", NOW);
        let slot = &refused.record.slots[&1];
        assert_eq!((slot.attempt, slot.preemptible), (2, false));
        assert!(matches!(slot.phase, MemberPhase::Waiting { .. }));
        let first = refused.record.scaling.shortage.unwrap();
        assert_eq!((first.times, first.until), (1, NOW + FIRST));
        let again = no_capacity(&refused.record, &Member::Worker { slot: 2, attempt: 1 }, "all are taken", NOW);
        let second = again.record.scaling.shortage.unwrap();
        assert_eq!((second.times, second.until, second.since), (2, NOW + 2 * FIRST, NOW));
        assert_eq!(no_capacity(&again.record, &Member::Worker { slot: 2, attempt: 1 }, "late", NOW).record, again.record);
        let last = Scaling { shortage: Some(Shortage { times: 30, ..second }), ..record.scaling.clone() };
        let last = ClusterRecord { scaling: last, ..record };
        let last = no_capacity(&last, &Member::Worker { slot: 1, attempt: 1 }, "all are taken", NOW);
        assert_eq!(last.record.scaling.shortage.unwrap().until, NOW + LONGEST);
    }

    #[test]
    fn after_a_while_a_preemptible_one_comes_first_and_then_an_on_demand_one_goes() {
        let refused = no_capacity(&starting(), &Member::Worker { slot: 1, attempt: 1 }, "all are taken", NOW).record;
        let mut record = look(&refused, &seen([]), 1).record;
        assert_eq!(preemptible(&record), [false, false, true]);
        for _ in 0..3 {
            record = look(&record, &serving(&record), 2).record;
        }
        assert!(matches!(record.state, ClusterState::Running { .. }), "{:?}", record.state);
        assert_eq!(wished(&record), 3, "it is believed that there is none");
        let asked = look(&record, &serving(&record), 301).record;
        assert_eq!((asked.scaling.swap, wished(&asked)), (Some(3), 4));
        let granted = ClusterRecord { workers_wanted: 4, ..asked };
        let mut record = look(&granted, &serving(&granted), 302).record;
        assert_eq!(preemptible(&record), [false, false, true, true]);
        assert!(record.slots.values().all(|slot| slot.retiring.is_none()), "not before the other one serves");
        for _ in 0..3 {
            record = look(&record, &serving(&record), 303).record;
        }
        let goes: Vec<u32> = record.slots.iter().filter(|(_, slot)| slot.retiring.is_some()).map(|(number, _)| *number).collect();
        assert_eq!((goes, wished(&record)), (vec![1], 3));
        let Observed::Known(mut members) = serving(&record).members else { unreachable!() };
        record.slots.remove(&1);
        members.remove(&Member::Worker { slot: 1, attempt: 2 });
        let world = ClusterWorld { members: Observed::Known(members), ..serving(&record) };
        assert_eq!(look(&record, &world, 304).record.scaling.shortage, None, "nothing is left to give back");
    }
}
