//! Preemptible workers are taken away: their data is saved first, and they are gone after [`NOTICE`], whatever they hold.
//!
//! On this machine nobody takes workers away, so Caddis plays it where it is asked to (`--preempt-rate`): it gives notice
//! and kills in the end, as a cloud does. When, follows from the worker's name and its start alone, so that a run can be
//! looked at again. The replacement is asked for with the notice, not after the end: the pool gives room for both where
//! it has it.

use std::time::Duration;

use caddis_types::Timestamp;

use super::{drain, slots};
use crate::diagnosis;
use crate::plan::Plan;
use crate::record::{ClusterRecord, Leaving, MemberPhase, NewEvent, Retirement, SlotRecord};
use crate::world::Member;

/// From the notice to the end: Google gives 30 s, of which some are gone before it is heard.
pub const NOTICE: Duration = Duration::from_secs(25);
/// Kept of it for the results of the tasks that ran last.
const LAST_COPY: Duration = Duration::from_secs(8);
/// The notice is repeated, since the server may have been away when it was first to be passed on.
const REPEAT: Duration = Duration::from_secs(5);

/// Gives notice to the workers whose time has come.
pub(super) fn play(plan: &mut Plan<ClusterRecord>, now: Timestamp) {
    let Some(rate) = plan.record.shape.preempt_rate else { return };
    let times = |(number, slot): (&u32, &SlotRecord)| Some((*number, time(&plan.record, *number, slot, rate)?));
    let times: Vec<(u32, Timestamp)> = plan.record.slots.iter().filter_map(times).collect();
    for (number, at) in times {
        if at > now {
            plan.due_at(at);
        } else {
            give_notice(plan, number, now);
        }
    }
}

/// When a worker will be preempted; never, where it is not preemptible, does not serve, or goes already.
fn time(record: &ClusterRecord, number: u32, slot: &SlotRecord, rate: f64) -> Option<Timestamp> {
    let MemberPhase::Running { ready_at: Some(ready_at), .. } = slot.phase else { return None };
    if !slot.preemptible || slot.retiring.is_some() {
        return None;
    }
    let hours = -(1.0 - draw(record.id.as_str(), number, slot.attempt)).ln() / rate;
    Some(ready_at + Duration::from_secs_f64((hours * 3600.0).min(1e9)))
}

/// A number from 0 up to 1 that belongs to a worker for ever, and to no other one.
fn draw(cluster: &str, number: u32, attempt: u32) -> f64 {
    // FNV-1a for the name, then the finalizer of SplitMix64, which spreads near names over the whole range.
    let name = cluster.bytes().chain(number.to_le_bytes()).chain(attempt.to_le_bytes());
    let hash = name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A worker is taken away soon: from now on it is not counted among those that stay.
pub(super) fn give_notice(plan: &mut Plan<ClusterRecord>, number: u32, now: Timestamp) {
    let Some(slot) = plan.record.slots.get_mut(&number) else { return };
    let deadline = now + NOTICE;
    slot.retiring = Some(Retirement { since: now, deadline, asked_at: None, asked_again_at: None, why: Leaving::Preempted });
    let member = Member::Worker { slot: number, attempt: slot.attempt };
    let message = format!("worker `{member}` is taken away at {deadline}: it hands its data over");
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.preempted", message));
}

/// Has the data saved for as long as there is time, then ends the worker.
pub(super) fn step(
    plan: &mut Plan<ClusterRecord>,
    number: u32,
    member: &Member,
    retirement: &Retirement,
    now: Timestamp,
) {
    if now >= retirement.deadline {
        return slots::end(plan, member.clone(), diagnosis::PREEMPTED, now);
    }
    let last = retirement.asked_again_at.or(retirement.asked_at);
    if last.is_none_or(|at| now >= at + REPEAT) {
        let left = retirement.deadline.since(now);
        plan.actions.push(drain::ask(member, left.saturating_sub(LAST_COPY), Leaving::Preempted));
        if let Some(retiring) = plan.record.slots.get_mut(&number).and_then(|slot| slot.retiring.as_mut()) {
            match retiring.asked_at {
                None => retiring.asked_at = Some(now),
                Some(_) => retiring.asked_again_at = Some(now),
            }
        }
    }
    plan.due_at(retirement.deadline.min(now + REPEAT));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_has_its_own_time_and_they_are_spread_as_they_should() {
        let draws: Vec<f64> = (0..2000).map(|number| draw("cl_0123456789abcdef", number, 1)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        assert!(draws.windows(2).all(|pair| pair[0] != pair[1]));
        assert_ne!(draw("cl_0123456789abcdef", 1, 1), draw("cl_0123456789abcdef", 1, 2));
        assert_ne!(draw("cl_0123456789abcdef", 1, 1), draw("cl_0123456789abcdeg", 1, 1));
    }
}
