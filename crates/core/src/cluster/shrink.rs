//! Who goes when there are too many, and who must stay.
//!
//! Victims are among those that the scheduler would let go, which spares workers in a shuffle or with long-running tasks.
//! Of those, preemptible workers go first; where on-demand ones stand in for preemptible ones that could not be had, they
//! do.

use caddis_types::Timestamp;
use caddis_types::dask::DaskSnapshot;

use super::{ClusterInput, shortage, surplus, wished};
use crate::plan::Plan;
use crate::record::{ClusterRecord, Leaving, MemberPhase, Retirement, SlotRecord};
use crate::world::Member;

/// Retires what is beyond the wanted number: first what does not run yet, then whom the scheduler would close.
pub(super) fn shrink(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    plan.record.workers_wanted = plan.record.workers_wanted.min(wished(&plan.record));
    let mut surplus = surplus(&plan.record) as usize;
    let idle: Vec<u32> = plan
        .record
        .slots
        .iter()
        .filter(|(_, slot)| matches!(slot.phase, MemberPhase::Waiting { .. }) && slot.retiring.is_none())
        .map(|(number, _)| *number)
        .collect();
    for number in idle.into_iter().rev().take(surplus) {
        plan.record.slots.remove(&number);
        surplus -= 1;
    }
    let deadline = now + input.settings.drain;
    let surplus = surplus.min(spare(&plan.record, input));
    for slot in victims(&plan.record, input, surplus, now) {
        if let Some(slot) = plan.record.slots.get_mut(&slot) {
            slot.retiring = Some(Retirement { since: now, deadline, asked_at: None, asked_again_at: None, why: Leaving::Surplus });
        }
    }
}

/// How many workers may go: while results are held, as many stay as can take them from the others.
fn spare(record: &ClusterRecord, input: &ClusterInput<'_>) -> usize {
    let staying = |slot: &&SlotRecord| {
        slot.retiring.is_none() && matches!(slot.phase, MemberPhase::Running { ready_at: Some(_), .. })
    };
    let keepers = input.world.dask.as_ref().map_or(1, |dask| keepers(record, dask));
    record.slots.values().filter(staying).count().saturating_sub(keepers)
}

/// So many workers are needed for the results that are held: they have room for twice as much, as Dask's own rule has it.
pub(super) fn keepers(record: &ClusterRecord, dask: &DaskSnapshot) -> usize {
    let needed = dask.data_bytes.saturating_mul(2).div_ceil(record.shape.memory_bytes.max(1));
    usize::try_from(needed).unwrap_or(usize::MAX).max(usize::from(dask.holds_data()))
}

/// So many slots of the workers that the scheduler named. Within a kind they go in its order.
fn victims(record: &ClusterRecord, input: &ClusterInput<'_>, surplus: usize, now: Timestamp) -> Vec<u32> {
    let slot_of = |name: &String| match name.parse() {
        Ok(Member::Worker { slot, attempt }) => {
            let record = record.slots.get(&slot)?;
            (record.attempt == attempt && record.retiring.is_none()).then_some(slot)
        }
        _ => None,
    };
    let named = input.victims.iter().filter_map(slot_of);
    let (preemptible, on_demand): (Vec<u32>, Vec<u32>) = named.partition(|slot| record.slots[slot].preemptible);
    let stand_ins = match shortage::lasts(record, now) {
        true => 0,
        false => {
            let left = shortage::staying(record).saturating_sub(u32::try_from(surplus).unwrap_or(u32::MAX));
            (shortage::stand_ins(record, left) as usize).min(surplus)
        }
    };
    if stand_ins == 0 || record.scaling.shortage.is_none() {
        // Where only a share is preemptible, it is the same among those that stay.
        let (first, rest) = on_demand.split_at(stand_ins.min(on_demand.len()));
        return first.iter().chain(&preemptible).chain(rest).copied().take(surplus).collect();
    }
    // A stand-in that the scheduler would not let go now is waited for: the worker that came for it does not go instead.
    let others = preemptible.into_iter().take(surplus - stand_ins);
    on_demand.into_iter().take(stand_ins).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster, seen};
    use crate::record::Shortage;
    use crate::settings::Settings;

    /// Five workers that serve, of which two are preemptible.
    fn five() -> ClusterRecord {
        let phase = MemberPhase::Running { started_at: NOW, pid: 7, ready_at: Some(NOW) };
        let slot = |number| SlotRecord { phase: phase.clone(), ..SlotRecord::first(NOW, number == 1 || number == 3) };
        let mut record = plain_cluster(5, 5);
        record.shape.on_demand = Some(3);
        ClusterRecord { slots: (0..5).map(|number| (number, slot(number))).collect(), next_slot: 5, ..record }
    }

    fn chosen(record: &ClusterRecord, named: &[String], surplus: usize) -> Vec<u32> {
        let (world, settings) = (seen([]), Settings::default());
        let input = ClusterInput { record, world: &world, job: None, scripts: &[], victims: named, settings: &settings };
        victims(record, &input, surplus, NOW)
    }

    fn names(slots: &[u32]) -> Vec<String> {
        slots.iter().map(|slot| Member::Worker { slot: *slot, attempt: 1 }.to_string()).collect()
    }

    #[test]
    fn preemptible_workers_go_first_and_nobody_whom_the_scheduler_did_not_name() {
        let record = five();
        assert_eq!(chosen(&record, &names(&[4, 3, 2, 1, 0]), 3), [3, 1, 4], "in the scheduler's order within a kind");
        for subset in 0..1_u32 << 5 {
            let named: Vec<u32> = (0..5).rev().filter(|slot| subset & 1 << slot != 0).collect();
            for surplus in 0..=6 {
                let going = chosen(&record, &names(&named), surplus);
                assert_eq!(going.len(), surplus.min(named.len()), "{named:?}");
                assert!(going.iter().all(|slot| named.contains(slot)), "{going:?} of {named:?}");
                let first = going.iter().take_while(|slot| record.slots[slot].preemptible).count();
                let preemptible = named.iter().filter(|slot| record.slots[slot].preemptible).count();
                assert_eq!(first, preemptible.min(surplus), "{going:?} of {named:?}");
            }
        }
    }

    #[test]
    fn names_of_others_choose_nobody() {
        let mut record = five();
        record.slots.get_mut(&2).unwrap().attempt = 3;
        let retiring = Retirement { since: NOW, deadline: NOW, asked_at: None, asked_again_at: None, why: Leaving::Surplus };
        record.slots.get_mut(&1).unwrap().retiring = Some(retiring);
        let mut named = names(&[1, 2, 9]);
        named.extend([Member::Scheduler.to_string(), "a-worker-of-somebody-else".to_owned()]);
        assert!(chosen(&record, &named, 5).is_empty());
        named.extend(names(&[4]));
        assert_eq!(chosen(&record, &named, 5), [4]);
    }

    #[test]
    fn those_that_stand_in_for_preemptible_ones_go_before_them_once_the_shortage_is_over() {
        let mut record = five();
        record.shape.on_demand = Some(1);
        record.scaling.shortage = Some(Shortage { since: NOW, until: NOW, times: 1 });
        let all = names(&[4, 3, 2, 1, 0]);
        assert_eq!(chosen(&record, &all, 3), [4, 2, 3]);
        assert!(chosen(&record, &names(&[3, 1]), 2).is_empty(), "they are waited for");
        let until = NOW + Duration::from_secs(60);
        record.scaling.shortage = Some(Shortage { since: NOW, until, times: 1 });
        assert_eq!(chosen(&record, &all, 3), [3, 1, 4]);
    }

    #[test]
    fn where_a_share_is_preemptible_it_is_the_same_among_those_that_stay() {
        let mut record = five();
        (record.shape.on_demand, record.shape.preemptible_share) = (Some(1), Some(0.5));
        let all = names(&[4, 3, 2, 1, 0]);
        assert_eq!(chosen(&record, &all, 2), [4, 3], "of three that stay two are on-demand");
        assert_eq!(chosen(&record, &all, 4), [4, 2, 3, 1], "the base is on-demand");
        assert_eq!(chosen(&record, &names(&[3, 1]), 2), [3, 1], "whoever may go goes");
    }
}
