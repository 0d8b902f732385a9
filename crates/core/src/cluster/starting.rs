//! From the wish to a cluster that serves: the environment first, then scheduler and workers together.

use caddis_types::Timestamp;

use super::{ClusterInput, setup, slots};
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, ClusterState, MemberPhase, NewEvent, SchedulerRecord};
use crate::world::{EnvironmentStatus, Member};

/// Waits for the environment, then intends the scheduler and the first workers in one step.
pub(super) fn prepare(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    match &input.world.environment {
        EnvironmentStatus::Absent => plan.actions.push(Action::PrepareEnvironment),
        EnvironmentStatus::Building(_) => plan.due_at(now + input.settings.heartbeat),
        EnvironmentStatus::Failed(_) => {}
        EnvironmentStatus::Ready => {
            plan.record.state = ClusterState::Starting { since: now };
            let phase = MemberPhase::Intended { at: now };
            plan.record.scheduler = Some(SchedulerRecord { phase, address: None, dashboard_port: None });
            proceed(plan, input, now);
        }
    }
}

/// Starts what is intended and serves once the scheduler and the fewest workers are ready, and what sets it up is over.
pub(super) fn proceed(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    if input.world.environment != EnvironmentStatus::Ready {
        start_again_after_restart(plan, input, now);
    }
    scheduler(plan, input, now);
    slots::tend(plan, input, now);
    let ready = serves(&plan.record);
    if setup::proceed(plan, input, ready, now) && ready {
        plan.record.state = ClusterState::Running { since: now };
        plan.record.ready_at.get_or_insert(now);
        let message = format!("cluster serves with {} workers", ready_workers(&plan.record));
        plan.events.push(NewEvent::new(now, plan.record.id.as_str(), "cluster.running", message));
    }
}

/// A new server does not know the environments that an older one made ready.
fn start_again_after_restart(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    if input.world.environment == EnvironmentStatus::Absent {
        plan.actions.push(Action::PrepareEnvironment);
    }
    plan.due_at(now + input.settings.heartbeat);
}

fn scheduler(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) {
    let Some(scheduler) = &plan.record.scheduler else { return };
    match &scheduler.phase {
        MemberPhase::Intended { .. } => slots::start(plan, input, Member::Scheduler, now),
        MemberPhase::Running { started_at, ready_at: None, .. } => {
            let deadline = *started_at + input.settings.member_start;
            slots::end_when_late(plan, Member::Scheduler, deadline, now);
        }
        _ => {}
    }
}

fn ready_workers(record: &ClusterRecord) -> usize {
    record.slots.values().filter(|s| matches!(s.phase, MemberPhase::Running { ready_at: Some(_), .. })).count()
}

fn serves(record: &ClusterRecord) -> bool {
    let scheduler = record.scheduler.as_ref().map(|scheduler| &scheduler.phase);
    matches!(scheduler, Some(MemberPhase::Running { ready_at: Some(_), .. }))
        && ready_workers(record) >= first_workers(record) as usize
}

/// The fewest it serves with. A wish for more that came meanwhile does not hold back what was granted.
pub(super) fn first_workers(record: &ClusterRecord) -> u32 {
    let fewest = record.workers_desired.min(record.shape.workers_min);
    if record.workers_wanted == 0 { fewest } else { fewest.min(record.workers_wanted) }
}
