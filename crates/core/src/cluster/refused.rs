//! A process that could not be started, and certainly does not run.

use caddis_types::{Cause, Timestamp};

use super::ending;
use crate::plan::Plan;
use crate::record::{ClusterRecord, MemberPhase, NewEvent, StopWhy};
use crate::restart;
use crate::world::Member;

/// Takes a definite refusal into the record: a worker's slot tries again later, a scheduler's ends the cluster.
/// The caller must be sure that nothing runs under the key; when it is not, it leaves the record and looks again.
pub fn start_refused(record: &ClusterRecord, member: &Member, cause: Cause, now: Timestamp) -> Plan<ClusterRecord> {
    let mut plan = Plan::keep(record.clone());
    if plan.record.state.is_ending() {
        return plan;
    }
    match member {
        Member::Scheduler => ending::stop(&mut plan, StopWhy::failure(cause), now),
        Member::Worker { slot, attempt } => worker(&mut plan, *slot, *attempt, cause, now),
        Member::Setup { step } => {
            let name = record.setup.get(*step as usize).map(|step| step.name.as_str()).unwrap_or_default();
            let sentence = format!("setup `{name}` could not be started: {}", cause.sentence);
            ending::stop(&mut plan, StopWhy::failure(Cause { sentence, ..cause }), now);
        }
        Member::Job { .. } => {}
    }
    plan
}

fn worker(plan: &mut Plan<ClusterRecord>, number: u32, attempt: u32, cause: Cause, now: Timestamp) {
    let Some(slot) = plan.record.slots.get_mut(&number).filter(|slot| slot.attempt == attempt) else { return };
    if !matches!(slot.phase, MemberPhase::Intended { .. }) {
        return;
    }
    slot.failures = slot.failures.saturating_add(1);
    slot.attempt += 1;
    let not_before = now + restart::pause(slot.failures.max(2));
    slot.phase = MemberPhase::Waiting { not_before };
    let message = format!("a worker could not be started: {}", cause.sentence);
    slot.last_death = Some(cause);
    plan.due_at(not_before);
    plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "worker.refused", message));
}
