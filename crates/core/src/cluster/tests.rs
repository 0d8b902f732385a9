//! The plan of a cluster: what must hold for any record and any world, and the way through a plain life.

use std::collections::BTreeMap;
use std::time::Duration;

use caddis_types::dask::{DaskSnapshot, WorkerView};
use caddis_types::shape::ClusterShape;
use caddis_types::{Cause, CauseCode, ReasonCode, Timestamp};
use proptest::prelude::*;
use rand::RngExt;

use super::{ClusterInput, plan};
use crate::arbitrary::{self, NOW, ended, plain_cluster, plain_job, runs, seen};
use crate::plan::{Action, Plan};
use crate::record::{ClusterRecord, ClusterState, JobRecord, JobState, Leaving, MemberPhase, SlotRecord, StopWhy};
use crate::restart::GIVE_UP_AFTER;
use crate::settings::Settings;
use crate::world::{ClusterWorld, EnvironmentStatus, Exit, KilledBy, Member, Observed};

mod ages;
mod leaving;

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

/// A look for which the scheduler named every worker as one that it would close.
fn shrink(record: &ClusterRecord, world: &ClusterWorld, now: Timestamp) -> Plan<ClusterRecord> {
    let name = |(slot, record): (&u32, &SlotRecord)| Member::Worker { slot: *slot, attempt: record.attempt }.to_string();
    let victims: Vec<_> = record.slots.iter().map(name).collect();
    let settings = Settings::default();
    plan(&ClusterInput { record, world, job: None, scripts: &[], victims: &victims, settings: &settings }, now)
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
fn a_lifetime_ends_a_cluster_whatever_uses_it() {
    let mut world = ClusterWorld { environment: EnvironmentStatus::Absent, ..seen([]) };
    let (mut record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let ends = NOW + Duration::from_secs(600);
    record.ends_at = Some(ends);
    let before = look(&record, &world, NOW + Duration::from_secs(90));
    assert!(matches!(before.record.state, ClusterState::Running { .. }));
    assert!(before.due.is_some_and(|due| due <= ends), "{:?}", before.due);
    let last = before.report.last().unwrap();
    assert_eq!(last.code, ReasonCode::TimeLimited);
    let script = [Member::Job { job: plain_job().id, attempt: 1 }];
    let after = look_with(&record, &world, None, &script, ends);
    let ClusterState::Stopping { why, .. } = &after.record.state else { panic!("{:?}", after.record.state) };
    assert!(why.cause.is_none() && why.sentence.contains("its lifetime is over"), "{why:?}");
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
    let record = look_with(&record, &world, Some(&job), std::slice::from_ref(&script), NOW).record;
    let goes_on = look_with(&record, &world, Some(&job), std::slice::from_ref(&script), later);
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

/// A shared cluster of one worker that serves since `NOW`, and its world.
fn serving() -> (ClusterRecord, ClusterWorld) {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    world.dask = Some(DaskSnapshot { clients: 1, ..DaskSnapshot::default() });
    (record, world)
}

fn script_of(number: u64) -> Member {
    Member::Job { job: caddis_types::JobId::new(NOW, &mut arbitrary::dice(number)), attempt: 1 }
}

#[test]
fn a_life_is_cut_when_another_job_comes_or_goes() {
    let (record, world) = serving();
    let later = |seconds| NOW + Duration::from_secs(seconds);
    let one = look_with(&record, &world, None, &[script_of(1)], later(100));
    assert_eq!(one.ledger.len(), 2, "scheduler and worker: {:?}", one.ledger);
    assert!(one.ledger.iter().all(|line| line.job.is_none() && line.micros() == 100_000_000 && !line.idle));
    let two = look_with(&one.record, &world, None, &[script_of(2), script_of(1)], later(150));
    assert!(two.ledger.iter().all(|line| line.jobs().len() == 1 && line.micros() == 50_000_000));
    assert!(two.ledger.iter().all(|line| line.key.ends_with("#2")), "{:?}", two.ledger);
    let none = look_with(&two.record, &world, None, &[], later(200));
    assert!(none.ledger.iter().all(|line| line.shared.len() == 2 && line.job.is_none()));
    assert!(look_with(&none.record, &world, None, &[], later(200)).ledger.is_empty(), "the same is counted once");
}

#[test]
fn idleness_is_counted_from_its_beginning_and_a_short_one_is_use() {
    let (record, mut world) = serving();
    let later = |seconds| NOW + Duration::from_secs(seconds);
    world.dask = Some(DaskSnapshot::default());
    let quiet = look(&record, &world, later(100));
    assert!(quiet.ledger.is_empty() && quiet.record.idle_since == Some(later(100)));
    assert!(quiet.due.is_some_and(|due| due <= later(160)), "{:?}", quiet.due);
    world.dask = Some(DaskSnapshot { clients: 1, ..DaskSnapshot::default() });
    let used = look(&quiet.record, &world, later(130));
    assert!(used.ledger.is_empty() && used.record.idle_since.is_none());
    world.dask = Some(DaskSnapshot::default());
    let quiet = look(&used.record, &world, later(200));
    let idle = look(&quiet.record, &world, later(275));
    assert!(idle.ledger.iter().all(|line| !line.idle && line.micros() == 200_000_000), "{:?}", idle.ledger);
    world.dask = Some(DaskSnapshot { clients: 1, ..DaskSnapshot::default() });
    let used = look(&idle.record, &world, later(300));
    assert_eq!(used.ledger.len(), 2);
    assert!(used.ledger.iter().all(|line| line.idle && line.micros() == 100_000_000), "{:?}", used.ledger);
}

#[test]
fn a_clock_that_jumps_bends_no_line() {
    let (mut record, mut world) = serving();
    let mut lived = 0;
    // The clock on the wall goes on by an hour, back by two, and so on; the keeper's own goes on by ten seconds.
    for (round, wall) in [3600, -7200, 0, 90_000, -90_000].into_iter().enumerate() {
        lived += 10;
        let Observed::Known(members) = &mut world.members else { unreachable!() };
        members.values_mut().for_each(|view| view.lived = Some(Duration::from_secs(lived)));
        let at = Timestamp(NOW.0 + (lived as i64 + wall) * 1_000_000);
        let scripts = [script_of(round as u64 % 2)];
        let plan = look_with(&record, &world, None, &scripts, at);
        assert!(plan.ledger.iter().all(|line| line.micros() == 10_000_000), "{:?}", plan.ledger);
        record = plan.record;
    }
    assert_eq!(record.worker_micros, 50_000_000);
}

/// After a jump of the clock, with a view that is not of this moment: seed 20787 of the simulator.
#[test]
fn a_worker_that_the_scheduler_knows_is_not_ended_for_being_late() {
    let mut world = seen([]);
    let (mut record, _) = settle(plain_cluster(1, 1), &mut world, NOW);
    let member = Member::Worker { slot: 0, attempt: 1 };
    record.slots.get_mut(&0).unwrap().phase = MemberPhase::Running { started_at: NOW, pid: 8, ready_at: None };
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.insert(member.clone(), runs(NOW, false));
    let much_later = NOW + Duration::from_secs(3600);
    let ends = |world: &ClusterWorld| {
        let stops = |action: &Action| matches!(action, Action::StopMember { member: stopped, .. } if *stopped == member);
        look(&record, world, much_later).actions.iter().any(stops)
    };
    assert!(ends(&world), "nobody knows it, so it is late");
    let worker = WorkerView { name: member.to_string(), ..WorkerView::default() };
    world.dask = Some(DaskSnapshot { workers: vec![worker], ..DaskSnapshot::default() });
    assert!(!ends(&world), "the scheduler knows it");
}

/// A starting cluster of four workers of which `hopeless` died again and again and the others are ready.
fn starting_without(hopeless: u32, workers_min: u32) -> Plan<ClusterRecord> {
    let mut record = ClusterRecord { workers_desired: 4, workers_wanted: 4, ..plain_cluster(4, 4) };
    record.shape.workers_min = workers_min;
    let first = look(&record, &seen([]), NOW);
    let mut record = first.record.clone();
    let death = |slot: u32| Cause::new(CauseCode::OutOfMemory, format!("worker {slot} had 3 GiB of memory"));
    for (number, slot) in record.slots.iter_mut().take(hopeless as usize) {
        slot.failures = GIVE_UP_AFTER;
        slot.phase = MemberPhase::Waiting { not_before: NOW + Duration::from_secs(30) };
        slot.last_death = Some(death(*number));
    }
    for slot in record.slots.values_mut().skip(hopeless as usize) {
        slot.last_death = Some(Cause::new(CauseCode::WorkersLost, "it was preempted"));
    }
    let living = started(&first).into_iter().filter(|member| !matches!(member, Member::Worker { slot, .. } if *slot < hopeless));
    look(&record, &seen(living.map(|member| (member, runs(NOW, true)))), NOW)
}

#[test]
fn a_cluster_serves_without_hopeless_workers_if_enough_are_left() {
    let plan = starting_without(2, 2);
    assert!(matches!(plan.record.state, ClusterState::Running { .. }), "{:?}", plan.record.state);
    let cause = |plan: Plan<ClusterRecord>| match plan.record.state {
        ClusterState::Stopping { why, .. } => why.cause.map(|cause| (cause.code, cause.sentence)),
        other => panic!("{other:?}"),
    };
    let sentence = "2 of 4 workers died 6 times in a row, and it cannot serve with fewer than 3; the last one: worker 1 had 3 GiB of memory";
    assert_eq!(cause(starting_without(2, 3)), Some((CauseCode::OutOfMemory, sentence.to_owned())));
    let (_, sentence) = cause(starting_without(4, 0)).unwrap();
    assert!(sentence.starts_with("every worker died 6 times in a row; the last one: worker 3"), "{sentence}");
}

#[test]
fn a_cluster_that_serves_goes_on_with_one_worker() {
    let (record, world) = holding(2, 0);
    let mut record = ClusterRecord { workers_desired: 2, ..record };
    for slot in record.slots.values_mut().take(1) {
        (slot.failures, slot.attempt) = (GIVE_UP_AFTER, 7);
        slot.phase = MemberPhase::Waiting { not_before: NOW + Duration::from_secs(30) };
    }
    assert!(matches!(look(&record, &world, NOW).record.state, ClusterState::Running { .. }));
}

/// A cluster of `workers` that serves, and a scheduler that says so; each worker holds so many results.
fn holding(workers: u32, keys: u64) -> (ClusterRecord, ClusterWorld) {
    let mut world = seen([]);
    let (record, _) = settle(plain_cluster(workers, workers), &mut world, NOW);
    let view = |slot| WorkerView { name: Member::Worker { slot, attempt: 1 }.to_string(), keys, ..WorkerView::default() };
    let workers = (0..workers).map(view).collect();
    world.dask = Some(DaskSnapshot { clients: 1, data_bytes: keys << 20, workers, ..DaskSnapshot::default() });
    (record, world)
}

fn scaled_to_nothing(record: ClusterRecord) -> ClusterRecord {
    let scaling = crate::record::Scaling { fixed: true, ..record.scaling.clone() };
    ClusterRecord { workers_desired: 0, shape: ClusterShape { workers_min: 0, ..record.shape.clone() }, scaling, ..record }
}

#[test]
fn the_last_worker_stays_while_results_are_held() {
    let (record, mut world) = holding(3, 2);
    let plan = shrink(&scaled_to_nothing(record), &world, NOW);
    let retiring = plan.record.slots.values().filter(|slot| slot.retiring.is_some()).count();
    assert_eq!((retiring, plan.record.slots.len()), (2, 3));
    let last: BTreeMap<_, _> = plan.record.slots.into_iter().filter(|(_, slot)| slot.retiring.is_none()).collect();
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    members.retain(|member, _| match member {
        Member::Worker { slot, .. } => last.contains_key(slot),
        _ => true,
    });
    let record = ClusterRecord { slots: last, ..plan.record };
    let waits = shrink(&record, &world, NOW);
    assert_eq!((&waits.record, waits.actions.len()), (&record, 0));
    assert_eq!(waits.report[0].code, ReasonCode::DrainingWorker);
    assert!(waits.report[0].sentence.contains("2 MiB of results"), "{:?}", waits.report);
    world.dask = None;
    assert_eq!(shrink(&record, &world, NOW).record, record, "what cannot be asked may hold anything");
    world.dask = Some(DaskSnapshot { clients: 1, ..DaskSnapshot::default() });
    let goes = shrink(&record, &world, NOW);
    assert!(goes.actions.iter().any(|action| matches!(action, Action::DrainWorkers { .. })), "{:?}", goes.actions);
}

/// `scale 0`, and then `adapt`: the worker that stayed is wanted again, and so nothing is said of one that is too many.
#[test]
fn the_last_worker_is_wanted_again_when_the_load_decides() {
    let (record, world) = holding(1, 2);
    let mut record = look(&scaled_to_nothing(record), &world, NOW).record;
    assert_eq!(record.workers_desired, 0);
    (record.scaling.fixed, record.shape.workers_max) = (false, 2);
    let plan = look(&record, &world, NOW + Duration::from_secs(1));
    assert_eq!((plan.record.workers_desired, plan.record.slots.len()), (1, 1));
    let granted = ClusterRecord { workers_wanted: 1, ..plan.record };
    let plan = look(&granted, &world, NOW + Duration::from_secs(2));
    assert!(plan.report.iter().all(|reason| reason.code != ReasonCode::DrainingWorker), "{:?}", plan.report);
}

#[test]
fn a_worker_that_cannot_hand_its_results_over_is_not_ended_for_that() {
    let cordoned = "closing_gracefully";
    for (keys, status, ended) in [(2, cordoned, false), (0, cordoned, true), (0, "running", false), (0, "paused", false)] {
        let (record, mut world) = holding(2, keys);
        world.dask.iter_mut().flat_map(|dask| &mut dask.workers).for_each(|worker| worker.status = status.to_owned());
        let record = ClusterRecord { workers_desired: 1, ..record };
        let (record, world) = (shrink(&record, &world, NOW).record, world);
        let asked = NOW + Settings::default().drain + Duration::from_secs(1);
        let again = look(&record, &world, asked);
        assert!(matches!(again.actions[..], [Action::DrainWorkers { .. }]), "{:?}", again.actions);
        let after_a_jump = look(&record, &world, asked + Duration::from_secs(3600));
        assert_eq!(after_a_jump.actions, again.actions, "it was not asked once more, whatever the clock says");
        let in_vain = look(&again.record, &world, asked + Duration::from_secs(60));
        let stops = in_vain.actions.iter().any(|action| matches!(action, Action::StopMember { .. }));
        let stays = in_vain.record.slots.values().all(|slot| slot.retiring.is_none());
        assert_eq!((stops, stays), (ended, !ended), "{status}, with {keys} results");
    }
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
                Member::Setup { step } => plan.record.setup.get(*step as usize).map(|step| &step.phase),
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
    fn workers_that_may_hold_results_are_not_too_many(seed in any::<u64>()) {
        let case = case(seed);
        let plan = shrink(&case.record, &case.world, NOW);
        let holds = case.world.dask.as_ref().is_none_or(DaskSnapshot::holds_data);
        let retires = plan.record.slots.iter().any(|(number, new)| {
            let surplus = new.retiring.as_ref().is_some_and(|retiring| retiring.why == Leaving::Surplus);
            surplus && case.record.slots.get(number).is_some_and(|old| old.retiring.is_none())
        });
        let stays = |slot: &SlotRecord| {
            slot.retiring.is_none() && matches!(slot.phase, MemberPhase::Running { ready_at: Some(_), .. })
        };
        prop_assert!(!holds || !retires || plan.record.slots.values().any(stays), "the last one goes with what it holds");
        for action in &plan.actions {
            if let Action::StopMember { member, reason, .. } = action && reason.contains("handing its data over") {
                let dask = case.world.dask.as_ref();
                let keys = dask.map(|dask| dask.worker(&member.to_string()).map_or(0, |worker| worker.keys));
                prop_assert_eq!(keys, Some(0), "{} is ended", member);
            }
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
