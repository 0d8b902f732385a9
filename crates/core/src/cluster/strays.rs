//! Processes that run and should not: an older worker of a slot, a slot that is gone, a script whose job is over.
//!
//! They appear when an answer was lost: something was started, or ended, and the record went another way meanwhile.

use super::ClusterInput;
use crate::plan::{Action, Plan};
use crate::record::ClusterRecord;
use crate::world::{Member, Observed};

pub(super) fn end(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>) {
    let Observed::Known(members) = &input.world.members else { return };
    for (member, view) in members {
        if view.end.is_none() && is_stray(&plan.record, input, member) {
            let reason = "nothing in the records wants it".to_owned();
            plan.actions.push(Action::StopMember { member: member.clone(), reason, ladder: Vec::new() });
        }
    }
}

fn is_stray(record: &ClusterRecord, input: &ClusterInput<'_>, member: &Member) -> bool {
    match member {
        Member::Scheduler => record.scheduler.is_none(),
        Member::Worker { slot, attempt } => record.slots.get(slot).is_none_or(|slot| slot.attempt != *attempt),
        Member::Setup { step } => record.setup.len() <= *step as usize,
        Member::Job { .. } => !input.scripts.contains(member),
    }
}
