//! The plan of a cluster: what must hold for any record and any world, and the way through a plain life.

use std::time::Duration;

use caddis_types::{ReasonCode, Timestamp};
use proptest::prelude::*;
use rand::RngExt;

use super::{ClusterInput, plan};
use crate::arbitrary::{self, NOW, ended, plain_cluster, plain_job, runs, seen};
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, ClusterState, JobRecord, JobState, MemberPhase, StopWhy};
use crate::settings::Settings;
use crate::world::{ClusterWorld, EnvironmentStatus, Exit, KilledBy, Member, Observed};

fn look(record: &ClusterRecord, world: &ClusterWorld, now: Timestamp) -> Plan<ClusterRecord> {
    look_with(record, world, None, &[], now)
}

fn look_with(
    record: &ClusterRecord,
    world: &ClusterWorld,
    job: Option<&JobRecord>,
    scripts: &[Member],
    now: Timestamp,
) -> Plan<ClusterRecord> {
    let settings = Settings::default();
    plan(&ClusterInput { record, world, job, scripts, victims: &[], settings: &settings }, now)
}

fn started(plan: &Plan<ClusterRecord>) -> Vec<Member> {
    let start = |action: &Action| match action {
        Action::StartMember { member } => Some(member.clone()),
        _ => None,
    };
    plan.actions.iter().filter_map(start).collect()
}

/// Does what a plan asks for, at once.
fn apply(world: &mut ClusterWorld, plan: &Plan<ClusterRecord>, now: Timestamp) {
    let Observed::Known(members) = &mut world.members else { return };
    for action in &plan.actions {
        match action {
            Action::PrepareEnvironment => world.environment = EnvironmentStatus::Ready,
            Action::StartMember { member } => drop(members.entry(member.clone()).or_insert_with(|| runs(now, true))),
            Action::StopMember { member, .. } => {
                members.entry(member.clone()).and_modify(|view| *view = ended(now, Exit::Signal(9)));
            }
            Action::PurgeCluster { .. } | Action::CloseCluster { .. } => {
                members.values_mut().filter(|view| view.end.is_none()).for_each(|view| *view = ended(now, Exit::Code(0)));
            }
            Action::CleanCluster => members.clear(),
            Action::DrainWorkers { .. } => {}
        }
    }
}

/// Looks and acts, a second at a time, until nothing is done any more; answers the record and how many looks it took.
fn settle(mut record: ClusterRecord, world: &mut ClusterWorld, mut now: Timestamp) -> (ClusterRecord, u32) {
    for looks in 0..60 {
        let plan = look(&record, world, now);
        if plan.record == record && plan.actions.is_empty() {
            return (record, looks);
        }
        apply(world, &plan, now);
        record = plan.record.clone();
        if plan.actions.iter().any(|action| matches!(action, Action::PurgeCluster { .. }))
            && let ClusterState::Stopping { purged_at, .. } = &mut record.state
        {
            *purged_at = Some(now);
        }
        now = now + Duration::from_secs(1);
    }
    panic!("it does not come to rest: {record:?}");
}

#[test]
fn a_plain_life_comes_to_rest_running_and_again_ended() {
    let mut world = ClusterWorld { environment: EnvironmentStatus::Absent, ..seen([]) };
    let (mut record, _) = settle(plain_cluster(2, 2), &mut world, NOW);
    assert!(matches!(record.state, ClusterState::Running { .. }), "{:?}", record.state);
    assert_eq!(record.slots.len(), 2);
    record.stop_wish = Some(StopWhy::orderly("`ann` stopped it"));
    let (record, _) = settle(record, &mut world, NOW);
    assert!(record.state.is_ended(), "{:?}", record.state);
    assert_eq!(world.members, Observed::Known(Default::default()));
}

#[test]
fn an_intended_process_that_is_not_seen_is_started_by_the_same_name() {
    let first = look(&plain_cluster(1, 1), &seen([]), NOW);
    let again = look(&first.record, &seen([]), NOW + Duration::from_secs(3));
    assert_eq!(started(&first), [Member::Scheduler, Member::Worker { slot: 0, attempt: 1 }]);
    assert_eq!(started(&again), started(&first));
    assert_eq!(again.record, first.record);
}

#[test]
fn a_dead_worker_is_followed_by_one_of_a_new_name_and_leaves_one_line() {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let now = NOW + Duration::from_secs(60);
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.insert(Member::Worker { slot: 0, attempt: 1 }, ended(now, Exit::Signal(9)));
    let plan = look(&record, &world, now);
    assert_eq!(started(&plan), [Member::Worker { slot: 0, attempt: 2 }]);
    assert_eq!(plan.ledger.len(), 1);
    assert_eq!(plan.record.deaths.len(), 1);
    assert!(look(&plan.record, &world, now).ledger.is_empty(), "the same death is counted once");
}

#[test]
fn the_death_of_the_scheduler_ends_the_cluster_and_says_so() {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.insert(Member::Scheduler, ended(NOW, Exit::Signal(11)));
    let plan = look(&record, &world, NOW);
    assert!(matches!(&plan.record.state, ClusterState::Stopping { why, .. } if why.hurry && why.sentence.contains("SIGSEGV")));
    assert_eq!(plan.report[0].code, ReasonCode::Stopping);
}

#[test]
fn a_script_goes_on_after_it_shut_its_own_cluster_down() {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let script = Member::Job { job: plain_job().id, attempt: 1 };
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.insert(script.clone(), runs(NOW, true));
    members.insert(Member::Scheduler, ended(NOW, Exit::Code(0)));
    let job = JobRecord { state: JobState::Running { since: NOW }, ..plain_job() };
    let later = NOW + Duration::from_secs(3600);
    let record = look_with(&record, &world, Some(&job), &[script.clone()], NOW).record;
    let goes_on = look_with(&record, &world, Some(&job), &[script.clone()], later);
    assert!(matches!(&goes_on.record.state, ClusterState::Stopping { why, .. } if why.cause.is_none()));
    assert!(goes_on.actions.is_empty() && goes_on.due.is_some(), "{:?}", goes_on.actions);
    let record = ClusterRecord { stop_wish: Some(StopWhy::orderly("`ann` stopped it")), ..goes_on.record };
    let stopped = look_with(&record, &world, Some(&job), &[script], later);
    assert!(!stopped.actions.is_empty(), "a user's wish ends it all the same");
}

#[test]
fn a_cluster_does_not_end_before_its_script_was_taken_in() {
    let script = Member::Job { job: plain_job().id, attempt: 1 };
    let why = StopWhy::orderly("`ann` stopped it");
    let state = ClusterState::Stopping { since: NOW, why, closing_at: None, purged_at: Some(NOW) };
    let record = ClusterRecord { state, ..plain_cluster(1, 1) };
    let world = seen([(script.clone(), ended(NOW, Exit::Code(3)))]);
    let waits = look_with(&record, &world, None, &[script], NOW);
    assert!(!waits.record.state.is_ended() && waits.actions.is_empty() && waits.due.is_some());
    let plan = look_with(&record, &world, None, &[], NOW);
    assert!(plan.record.state.is_ended());
    assert_eq!(plan.actions, [Action::CleanCluster]);
}

#[test]
fn what_lives_after_a_purge_is_purged_again() {
    let why = StopWhy::orderly("`ann` stopped it");
    let state = ClusterState::Stopping { since: NOW, why, closing_at: None, purged_at: Some(NOW) };
    let record = ClusterRecord { state, ..plain_cluster(1, 1) };
    let plan = look(&record, &seen([(Member::Worker { slot: 9, attempt: 1 }, runs(NOW, true))]), NOW);
    assert!(!plan.record.state.is_ended());
    assert!(plan.actions.iter().any(|action| matches!(action, Action::PurgeCluster { .. })));
}

#[test]
fn a_wish_for_more_does_not_hold_back_what_was_granted() {
    let mut world = seen([]);
    let mut record = plain_cluster(1, 1);
    (record.workers_desired, record.shape.workers_min, record.shape.workers_max) = (4, 4, 4);
    let (record, _) = settle(record, &mut world, NOW);
    assert!(matches!(record.state, ClusterState::Running { .. }));
    assert_eq!(record.slots.len(), 1);
}

#[test]
fn an_environment_that_cannot_be_made_again_ends_a_starting_cluster() {
    let first = look(&plain_cluster(1, 1), &seen([]), NOW);
    let cause = caddis_types::Cause::new(caddis_types::CauseCode::EnvironmentBuild, "no such version");
    let world = ClusterWorld { environment: EnvironmentStatus::Failed(cause.clone()), ..seen([]) };
    let plan = look(&first.record, &world, NOW);
    assert!(matches!(&plan.record.state, ClusterState::Stopping { why, .. } if why.cause == Some(cause)));
}

#[test]
fn a_worker_that_was_stopped_for_being_late_counts_as_a_failure() {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let mut late = ended(NOW, Exit::Signal(9));
    late.end.as_mut().unwrap().killed_by = Some(KilledBy::Stop { reason: "it did not get ready in time".into() });
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.insert(Member::Worker { slot: 0, attempt: 1 }, late);
    let plan = look(&record, &world, NOW);
    assert_eq!(plan.record.slots[&0].failures, 1);
    assert!(plan.record.slots[&0].last_death.is_some());
}

struct Case {
    record: ClusterRecord,
    job: Option<JobRecord>,
    scripts: Vec<Member>,
    world: ClusterWorld,
}

fn case(seed: u64) -> Case {
    let mut dice = arbitrary::dice(seed);
    let id = plain_cluster(1, 1).id;
    let job = dice.random_bool(0.5).then(|| arbitrary::job(&mut dice, &id));
    let record = arbitrary::cluster(&mut dice, job.as_ref());
    let world = arbitrary::world(&mut dice, job.as_slice());
    let scripts = job.iter().filter_map(crate::job::script).collect();
    Case { record, job, scripts, world }
}

fn look_at(case: &Case, record: &ClusterRecord) -> Plan<ClusterRecord> {
    look_with(record, &case.world, case.job.as_ref(), &case.scripts, NOW)
}

proptest! {
    #![proptest_config(arbitrary::cases())]

    #[test]
    fn a_process_starts_only_after_its_intent(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case, &case.record);
        for member in started(&plan) {
            let phase = match &member {
                Member::Scheduler => plan.record.scheduler.as_ref().map(|scheduler| &scheduler.phase),
                Member::Worker { slot, attempt } => {
                    plan.record.slots.get(slot).filter(|slot| slot.attempt == *attempt).map(|slot| &slot.phase)
                }
                Member::Job { .. } => None,
            };
            prop_assert!(matches!(phase, Some(MemberPhase::Intended { .. })), "{member} in {phase:?}");
            prop_assert!(!plan.record.state.is_ending(), "{member} on a cluster that ends");
        }
    }

    #[test]
    fn a_name_is_never_used_twice(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case, &case.record);
        for (number, new) in &plan.record.slots {
            let fresh = matches!(new.phase, MemberPhase::Waiting { .. } | MemberPhase::Intended { .. });
            if let Some(old) = case.record.slots.get(number).filter(|_| fresh) {
                // Not ready and not listed any more: its start was taken back, and it did nothing.
                let used = matches!(old.phase, MemberPhase::Running { ready_at: Some(_), .. } | MemberPhase::Ended { .. });
                prop_assert!(new.attempt > old.attempt || new.attempt == old.attempt && !used, "{number}: {old:?} {new:?}");
            }
        }
    }

    #[test]
    fn nothing_is_concluded_from_a_world_that_cannot_be_seen(seed in any::<u64>()) {
        let mut case = case(seed);
        case.world.members = Observed::Unknown("the keeper is away".into());
        let plan = look_at(&case, &case.record);
        prop_assert!(plan.ledger.is_empty());
        prop_assert!(started(&plan).is_empty());
        prop_assert_eq!(plan.record.state.is_ended(), case.record.state.is_ended());
        for (number, old) in &case.record.slots {
            if matches!(old.phase, MemberPhase::Running { .. }) {
                prop_assert_eq!(&plan.record.slots[number].phase, &old.phase);
            }
        }
    }

    #[test]
    fn every_state_has_a_reason_and_an_end_is_final(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case, &case.record);
        prop_assert!(!plan.report.is_empty());
        if case.record.state.is_ended() {
            prop_assert_eq!(&plan.record, &case.record);
            prop_assert!(plan.actions.is_empty() && plan.ledger.is_empty());
        }
    }

    #[test]
    fn looking_again_and_again_comes_to_rest_and_counts_once(seed in any::<u64>()) {
        let case = case(seed);
        let mut record = case.record.clone();
        let mut lines = std::collections::BTreeSet::new();
        for look in 0.. {
            let plan = look_at(&case, &record);
            for line in &plan.ledger {
                prop_assert!(lines.insert(line.key.clone()), "{} is counted twice", line.key);
            }
            if plan.record == record {
                break;
            }
            record = plan.record;
            prop_assert!(look < 12, "it goes on changing in a world that does not");
        }
    }

    #[test]
    fn members_that_nothing_wants_are_ended(seed in any::<u64>()) {
        let case = case(seed);
        let mut plan = look_at(&case, &case.record);
        for _ in 0..12 {
            plan = look_at(&case, &plan.record);
        }
        let Observed::Known(members) = &case.world.members else { return Ok(()) };
        if plan.record.state.is_ending() {
            return Ok(());
        }
        for (member, _) in members.iter().filter(|(_, view)| view.end.is_none()) {
            if let Member::Worker { slot, attempt } = member
                && plan.record.slots.get(slot).is_none_or(|slot| slot.attempt != *attempt)
            {
                let stops = |action: &Action| matches!(action, Action::StopMember { member: m, .. } if m == member);
                prop_assert!(plan.actions.iter().any(stops), "{member} is left alone");
            }
        }
    }
}
