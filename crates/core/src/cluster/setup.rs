//! Programs that set a cluster up: once each, one after the other, when scheduler and workers are ready, before it serves.
//!
//! They find the cluster as a script does. What always holds: the next one begins only after the one before it ended
//! with 0; one that fails, or takes longer than it may, fails the cluster.

use std::time::Duration;

use caddis_types::Timestamp;

use super::{ClusterInput, millis, slots};
use crate::plan::{Action, Plan, Rung};
use crate::record::{ClusterRecord, MemberPhase};
use crate::world::Member;

/// The word for why one was ended by us.
pub(crate) const TOO_LONG: &str = "it ran longer than it may";
/// Behind the signals of a polite end.
const LADDER: Duration = Duration::from_secs(10);

/// Makes them go on; answers whether all are over. `ready` says whether there is a cluster to be set up.
pub(super) fn proceed(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, ready: bool, now: Timestamp) -> bool {
    let over = |phase: &MemberPhase| matches!(phase, MemberPhase::Ended { .. });
    let Some(index) = plan.record.setup.iter().position(|step| !over(&step.phase)) else { return true };
    let member = Member::Setup { step: index as u32 };
    let step = &mut plan.record.setup[index];
    match step.phase {
        MemberPhase::Waiting { .. } if ready => {
            step.phase = MemberPhase::Intended { at: now };
            slots::start(plan, input, member, now);
        }
        MemberPhase::Intended { .. } => slots::start(plan, input, member, now),
        MemberPhase::Running { started_at, .. } => {
            let deadline = started_at + millis(step.deadline_ms);
            if deadline > now {
                plan.due_at(deadline);
            } else {
                plan.actions.push(Action::StopMember { member, reason: TOO_LONG.to_owned(), ladder: Rung::polite() });
                plan.due_at(now + LADDER);
            }
        }
        MemberPhase::Waiting { .. } | MemberPhase::Ended { .. } => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use caddis_types::CauseCode;

    use super::*;
    use crate::arbitrary::{NOW, ended, plain_cluster, runs};
    use crate::cluster::plan;
    use crate::record::{ClusterState, SchedulerRecord, SetupRecord};
    use crate::settings::Settings;
    use crate::world::{ClusterWorld, EnvironmentStatus, Exit, KilledBy, Members, Observed};

    /// A cluster of no workers whose scheduler is ready, with so many programs that set it up.
    fn starting(steps: u32) -> ClusterRecord {
        let phase = MemberPhase::Running { started_at: NOW, pid: 1, ready_at: Some(NOW) };
        let step = |number| SetupRecord {
            name: format!("gs://b/{number}.sh"),
            command: "/setup.sh".to_owned(),
            deadline_ms: 60_000,
            phase: MemberPhase::Waiting { not_before: NOW },
            failed: None,
        };
        ClusterRecord {
            state: ClusterState::Starting { since: NOW },
            scheduler: Some(SchedulerRecord { phase, address: None, dashboard_port: None }),
            setup: (0..steps).map(step).collect(),
            ..plain_cluster(0, 1)
        }
    }

    fn look(record: &ClusterRecord, members: &[(u32, crate::world::MemberView)], now: Timestamp) -> Plan<ClusterRecord> {
        let setup = members.iter().map(|(step, view)| (Member::Setup { step: *step }, view.clone()));
        let members: Members = setup.chain([(Member::Scheduler, runs(NOW, true))]).collect();
        let world = ClusterWorld { members: Observed::Known(members), environment: EnvironmentStatus::Ready, dask: None };
        let settings = Settings::default();
        plan(&ClusterInput { record, world: &world, job: None, scripts: &[], victims: &[], settings: &settings }, now)
    }

    fn starts(plan: &Plan<ClusterRecord>) -> Vec<String> {
        let start = |action: &Action| match action {
            Action::StartMember { member } => Some(member.to_string()),
            _ => None,
        };
        plan.actions.iter().filter_map(start).collect()
    }

    #[test]
    fn one_after_the_other_and_then_it_serves() {
        let over = || ended(NOW, Exit::Code(0));
        let first = look(&starting(2), &[], NOW);
        assert_eq!(starts(&first), ["setup-0000.1"]);
        let runs = look(&first.record, &[(0, runs(NOW, true))], NOW);
        assert!(starts(&runs).is_empty() && runs.report[0].sentence.contains("1 of 2"), "{runs:?}");
        let second = look(&runs.record, &[(0, over())], NOW);
        assert_eq!(starts(&second), ["setup-0001.1"]);
        assert!(matches!(second.record.state, ClusterState::Starting { .. }));
        let last = look(&second.record, &[(0, over()), (1, over())], NOW);
        assert!(matches!(last.record.state, ClusterState::Running { .. }), "{:?}", last.record.state);
    }

    #[test]
    fn one_that_fails_or_takes_too_long_fails_the_cluster() {
        let first = look(&starting(1), &[], NOW).record;
        let running = look(&first, &[(0, runs(NOW, true))], NOW).record;
        let late = look(&running, &[(0, runs(NOW, true))], NOW + Duration::from_secs(60));
        assert!(matches!(&late.actions[..], [Action::StopMember { reason, .. }] if reason == TOO_LONG), "{:?}", late.actions);
        let mut stopped = ended(NOW, Exit::Signal(15));
        stopped.end.as_mut().unwrap().killed_by = Some(KilledBy::Stop { reason: TOO_LONG.to_owned() });
        for (view, said) in [(stopped, "ran longer than 1 m"), (ended(NOW, Exit::Code(3)), "exited with code 3")] {
            let failed = look(&running, &[(0, view)], NOW).record;
            let ClusterState::Stopping { why, .. } = failed.state else { panic!("{:?}", failed.state) };
            let cause = why.cause.unwrap();
            assert_eq!(cause.code, CauseCode::SetupFailed);
            assert!(cause.sentence.contains("gs://b/0.sh") && cause.sentence.contains(said), "{}", cause.sentence);
        }
    }
}
