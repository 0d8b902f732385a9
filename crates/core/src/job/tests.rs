//! The plan of a job: what must hold for any record and any world, and the decisions a user sees.

use std::time::Duration;

use caddis_types::api::RetryWish;
use caddis_types::dask::{DaskSnapshot, TaskCounts};
use caddis_types::shape::ClusterShape;
use caddis_types::{Cause, CauseCode, NanoDollars, ReasonCode, Timestamp};
use proptest::prelude::*;

use super::{EXIT_CADDIS_FAILED, JobInput, gets_input, member, nothing_to_stop, plan, start_refused};
use crate::arbitrary::{self, NOW, ended, plain_cluster, plain_job, runs, seen};
use crate::plan::{Action, Plan};
use crate::record::{
    AttemptPhase, AttemptRecord, Cancel, ClusterRecord, ClusterState, JobRecord, JobState, MemberPhase, Outcome,
    SchedulerRecord, SlotRecord, StopWhy,
};
use crate::settings::Settings;
use crate::world::{ClusterWorld, EnvironmentStatus, Exit, KilledBy, Member, MemberView, Observed};

fn look(record: &JobRecord, cluster: Option<&ClusterRecord>, world: &ClusterWorld, now: Timestamp) -> Plan<JobRecord> {
    let settings = Settings::default();
    let world = cluster.map(|_| world);
    plan(&JobInput { record, cluster, world, settings: &settings }, now)
}

fn serving() -> ClusterRecord {
    ClusterRecord { state: ClusterState::Running { since: NOW }, ..plain_cluster(1, 1) }
}

fn stopping(purged_at: Option<Timestamp>) -> ClusterRecord {
    let why = StopWhy::failure(Cause::new(CauseCode::SchedulerLost, "the scheduler was killed by SIGKILL"));
    let state = ClusterState::Stopping { since: NOW, why, closing_at: None, purged_at };
    ClusterRecord { state, ..plain_cluster(1, 1) }
}

/// A job whose newest attempt is in this phase.
fn trying(phase: AttemptPhase) -> JobRecord {
    let mut job = plain_job();
    let cluster = plain_cluster(1, 1).id;
    job.attempts.push(AttemptRecord { number: 1, cluster, phase, exit: None, cause: None });
    job.state = JobState::Running { since: NOW };
    job
}

fn running() -> JobRecord {
    trying(AttemptPhase::Running { started_at: NOW, pid: 7, stopping: None })
}

fn cancelled(mut job: JobRecord, hurry: bool) -> JobRecord {
    job.cancel = Some(Cancel { by: "ann".into(), at: NOW, hurry });
    job
}

fn script(view: MemberView) -> ClusterWorld {
    seen([(member(&running()).unwrap(), view)])
}

fn outcome(plan: &Plan<JobRecord>) -> Option<(Outcome, i32)> {
    match plan.record.state {
        JobState::Ended { outcome, exit_code, .. } => Some((outcome, exit_code)),
        _ => None,
    }
}

#[test]
fn the_exit_code_is_the_scripts_own() {
    for (exit, expected) in [
        (Exit::Code(0), (Outcome::Succeeded, 0)),
        (Exit::Code(3), (Outcome::Failed, 3)),
        (Exit::Signal(9), (Outcome::Failed, 137)),
        (Exit::Unknown("host rebooted".into()), (Outcome::Failed, EXIT_CADDIS_FAILED)),
    ] {
        let plan = look(&running(), Some(&serving()), &script(ended(NOW, exit.clone())), NOW);
        assert_eq!(outcome(&plan), Some(expected), "{exit:?}");
        assert_eq!(plan.record.attempts[0].exit, Some(exit));
    }
}

#[test]
fn a_failed_attempt_is_repeated_only_as_allowed() {
    let retry = |max, on_exit: &[i32]| RetryWish { max, on_exit: on_exit.to_vec(), ..RetryWish::default() };
    for (retry, again) in
        [(retry(0, &[]), false), (retry(1, &[]), true), (retry(1, &[3]), true), (retry(1, &[4]), false)]
    {
        let job = JobRecord { retry: retry.clone(), ..running() };
        let plan = look(&job, Some(&serving()), &script(ended(NOW, Exit::Code(3))), NOW);
        assert_eq!(outcome(&plan).is_none(), again, "{retry:?}");
        if again {
            assert_eq!(plan.report[0].code, ReasonCode::WaitingForRetry);
            assert_eq!(plan.due, Some(NOW + Duration::from_secs(1)));
        }
    }
}

#[test]
fn failures_are_counted_over_an_hour_where_that_is_wished() {
    let failed = |number, at| AttemptRecord {
        number,
        cluster: plain_cluster(1, 1).id,
        phase: AttemptPhase::Ended { started_at: Some(at), at },
        exit: Some(Exit::Code(3)),
        cause: None,
    };
    for (minutes, per_hour, again) in
        [(10, Some(1), false), (10, Some(2), true), (70, Some(1), true), (10, None, true), (10, Some(0), false)]
    {
        let retry = RetryWish { max: 9, per_hour, ..RetryWish::default() };
        let mut job = JobRecord { retry, ..running() };
        job.attempts[0].number = 2;
        job.attempts.insert(0, failed(1, NOW - Duration::from_secs(60 * minutes)));
        let member = member(&job).unwrap();
        let plan = look(&job, Some(&serving()), &seen([(member, ended(NOW, Exit::Code(3)))]), NOW);
        assert_eq!(outcome(&plan).is_none(), again, "{minutes} minutes ago, {per_hour:?}");
    }
}

#[test]
fn a_later_attempt_says_that_its_input_is_empty_and_the_first_does_not() {
    let next = |stdin, earlier: Option<Timestamp>| {
        let mut job = JobRecord { stdin, ..trying(AttemptPhase::Ended { started_at: earlier, at: NOW }) };
        let (cluster, phase) = (job.attempts[0].cluster.clone(), AttemptPhase::Assigned);
        job.attempts.push(AttemptRecord { number: 2, cluster, phase, exit: None, cause: None });
        job.state = JobState::Starting { since: NOW };
        let plan = look(&job, Some(&serving()), &seen([]), NOW);
        assert!(matches!(plan.actions[..], [Action::StartMember { .. }]), "{:?}", plan.actions);
        (gets_input(&plan.record), plan.record.notices.len())
    };
    assert_eq!(next(true, Some(NOW)), (false, 1), "the first attempt may have read it");
    assert_eq!(next(true, None), (true, 0), "no script was started yet");
    assert_eq!(next(false, Some(NOW)), (false, 0), "there is no input");
}

#[test]
fn an_attempt_whose_cluster_never_served_counts_as_a_try() {
    let mut job = JobRecord { retry: RetryWish { max: 2, ..RetryWish::default() }, ..plain_job() };
    let mut tries = 0;
    while !job.is_ended() {
        tries += 1;
        assert!(tries < 10, "it is tried for ever");
        let (number, cluster) = (tries, plain_cluster(1, 1).id);
        job.attempts.push(AttemptRecord { number, cluster, phase: AttemptPhase::Assigned, exit: None, cause: None });
        job.state = JobState::Starting { since: NOW };
        job = look(&job, Some(&stopping(None)), &seen([]), NOW).record;
    }
    assert_eq!(tries, 3);
}

#[test]
fn an_attempt_that_never_reached_user_code_is_no_try() {
    let mut view = ended(NOW, Exit::Unknown("never started".into()));
    view.end.as_mut().unwrap().began = false;
    let plan = look(&trying(AttemptPhase::Intended { at: NOW }), Some(&serving()), &script(view.clone()), NOW);
    assert!(matches!(plan.record.state, JobState::Queued { .. }), "{:?}", plan.record.state);
    let job = cancelled(trying(AttemptPhase::Intended { at: NOW }), false);
    assert_eq!(outcome(&look(&job, Some(&serving()), &script(view), NOW)), Some((Outcome::Cancelled, 130)));
}

#[test]
fn a_stop_is_asked_for_until_the_script_is_gone() {
    let first = look(&cancelled(running(), false), Some(&serving()), &script(runs(NOW, true)), NOW);
    let again = look(&first.record, Some(&serving()), &script(runs(NOW, true)), NOW + Duration::from_secs(5));
    let ladder = |plan: &Plan<JobRecord>| match &plan.actions[..] {
        [Action::StopMember { ladder, .. }] => ladder.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((ladder(&first), ladder(&again)), (2, 2));
    let hurried = look(&cancelled(first.record, true), Some(&serving()), &script(runs(NOW, true)), NOW);
    assert_eq!(ladder(&hurried), 0);
    let gone = look(&hurried.record, Some(&serving()), &script(ended(NOW, Exit::Signal(9))), NOW);
    assert_eq!(outcome(&gone), Some((Outcome::Cancelled, 137)));
}

#[test]
fn a_script_that_may_have_been_started_is_ended_before_its_job_is_over() {
    let job = cancelled(trying(AttemptPhase::Intended { at: NOW }), false);
    let waits = look(&job, Some(&serving()), &seen([]), NOW);
    assert!(matches!(&waits.actions[..], [Action::StopMember { ladder, .. }] if ladder.len() == 2), "{:?}", waits.actions);
    assert_eq!((outcome(&waits), waits.report[0].code), (None, ReasonCode::Stopping));
    assert!(waits.due.is_some());
    let hurried = look(&cancelled(job, true), Some(&serving()), &seen([]), NOW);
    assert!(matches!(&hurried.actions[..], [Action::StopMember { ladder, .. }] if ladder.is_empty()));
}

#[test]
fn the_answer_to_a_stop_that_nothing_was_started_ends_a_cancelled_job() {
    let script = member(&running()).unwrap();
    let intended = || trying(AttemptPhase::Intended { at: NOW });
    let job = cancelled(intended(), false);
    assert_eq!(outcome(&nothing_to_stop(&job, &script, NOW)), Some((Outcome::Cancelled, 130)));
    let other = Member::Job { job: job.id.clone(), attempt: 2 };
    for (job, stopped) in [(job, &other), (intended(), &script), (cancelled(running(), false), &script)] {
        assert_eq!(nothing_to_stop(&job, stopped, NOW).record, job);
    }
}

#[test]
fn a_script_that_was_cancelled_before_it_was_seen_keeps_its_exit() {
    let job = cancelled(trying(AttemptPhase::Intended { at: NOW }), false);
    let by_itself = look(&job, Some(&serving()), &script(ended(NOW, Exit::Code(3))), NOW);
    assert_eq!(outcome(&by_itself), Some((Outcome::Failed, 3)));
    let mut view = ended(NOW, Exit::Signal(15));
    view.end.as_mut().unwrap().killed_by = Some(KilledBy::Stop { reason: "`ann` cancelled it".into() });
    let stopped = look(&job, Some(&serving()), &script(view.clone()), NOW);
    assert_eq!(outcome(&stopped), Some((Outcome::Cancelled, 143)));
    assert_eq!(stopped.record.attempts[0].exit, Some(Exit::Signal(15)));
    view.end.as_mut().unwrap().began = false;
    assert_eq!(outcome(&look(&job, Some(&serving()), &script(view), NOW)), Some((Outcome::Cancelled, 130)));
}

#[test]
fn a_time_limit_ends_it_and_says_so() {
    let job = JobRecord { timeout_ms: Some(2000), ..running() };
    let early = look(&job, Some(&serving()), &script(runs(NOW, true)), NOW);
    assert!(early.actions.is_empty());
    assert_eq!(early.due, Some(NOW + Duration::from_secs(2)));
    let late = look(&job, Some(&serving()), &script(runs(NOW, true)), NOW + Duration::from_secs(2));
    assert!(matches!(late.actions[..], [Action::StopMember { .. }]));
    let over = look(&late.record, Some(&serving()), &script(ended(NOW, Exit::Code(130))), NOW);
    assert_eq!(over.record.attempts[0].cause.as_ref().map(|cause| cause.code), Some(CauseCode::Timeout));
}

#[test]
fn nothing_is_started_on_a_cluster_that_is_being_ended() {
    let job = trying(AttemptPhase::Intended { at: NOW });
    let waits = look(&job, Some(&stopping(None)), &seen([]), NOW);
    assert!(waits.actions.is_empty() && outcome(&waits).is_none());
    assert_eq!(waits.report[0].code, ReasonCode::Stopping);
    let purged = look(&job, Some(&stopping(Some(NOW))), &seen([]), NOW);
    assert_eq!(outcome(&purged), Some((Outcome::Failed, EXIT_CADDIS_FAILED)));
    assert_eq!(purged.record.attempts[0].cause.as_ref().map(|cause| cause.code), Some(CauseCode::SchedulerLost));
}

#[test]
fn an_exit_is_taken_in_although_the_cluster_was_purged() {
    let plan = look(&running(), Some(&stopping(Some(NOW))), &script(ended(NOW, Exit::Code(0))), NOW);
    assert_eq!(outcome(&plan), Some((Outcome::Succeeded, 0)));
}

/// Its start may have been carried out when the environment was still there: seed 12372 of the simulator.
#[test]
fn a_script_that_may_run_is_not_given_up_because_its_environment_cannot_be_built_again() {
    let cause = Cause::new(CauseCode::EnvironmentBuild, "`dask` cannot be built");
    let world = ClusterWorld { environment: EnvironmentStatus::Failed(cause.clone()), ..seen([]) };
    let job = trying(AttemptPhase::Intended { at: NOW });
    let plan = look(&job, Some(&serving()), &world, NOW);
    assert_eq!(plan.record, job);
    assert_eq!(plan.actions, [Action::PrepareEnvironment]);
    assert_eq!(plan.report[0].code, ReasonCode::BuildingEnvironment);
    assert!(plan.report[0].sentence.contains("cannot be built"), "{:?}", plan.report);
    assert!(plan.due.is_some(), "it is looked at again");
}

#[test]
fn a_refused_start_fails_the_attempt_that_was_intended_and_no_other() {
    let cause = Cause::new(CauseCode::DiskFull, "no space left");
    let plan = start_refused(&trying(AttemptPhase::Intended { at: NOW }), cause.clone(), NOW);
    assert_eq!(outcome(&plan), Some((Outcome::Failed, EXIT_CADDIS_FAILED)));
    assert_eq!(plan.record.attempts[0].cause, Some(cause.clone()));
    let job = running();
    assert_eq!(start_refused(&job, cause, NOW).record, job);
}

struct Case {
    job: JobRecord,
    cluster: Option<ClusterRecord>,
    world: ClusterWorld,
}

fn case(seed: u64) -> Case {
    let mut dice = arbitrary::dice(seed);
    let job = arbitrary::job(&mut dice, &plain_cluster(1, 1).id);
    let cluster = arbitrary::cluster(&mut dice, None);
    let world = arbitrary::world(&mut dice, std::slice::from_ref(&job));
    Case { cluster: (!seed.is_multiple_of(9)).then_some(cluster), job, world }
}

fn look_at(case: &Case) -> Plan<JobRecord> {
    look(&case.job, case.cluster.as_ref(), &case.world, NOW)
}

proptest! {
    #![proptest_config(arbitrary::cases())]

    #[test]
    fn a_script_starts_only_after_its_intent_and_on_a_cluster_that_serves(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case);
        for action in &plan.actions {
            if let Action::StartMember { member: started } = action {
                let attempt = plan.record.attempt().unwrap();
                prop_assert!(matches!(attempt.phase, AttemptPhase::Intended { .. }), "{attempt:?}");
                prop_assert_eq!(Some(started.clone()), member(&plan.record));
                prop_assert!(case.cluster.as_ref().is_some_and(|cluster| !cluster.state.is_ending()));
            }
        }
    }

    #[test]
    fn attempts_are_never_added_forgotten_or_reopened(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case);
        prop_assert_eq!(plan.record.attempts.len(), case.job.attempts.len());
        for (old, new) in case.job.attempts.iter().zip(&plan.record.attempts).rev().skip(1) {
            prop_assert_eq!(old, new);
        }
    }

    #[test]
    fn every_state_has_a_reason_and_an_end_is_final(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case);
        let possible = matches!(
            (&case.job.state, case.job.attempt().map(|attempt| &attempt.phase)),
            (JobState::Starting { .. }, Some(AttemptPhase::Assigned))
                | (JobState::Running { .. }, Some(AttemptPhase::Intended { .. } | AttemptPhase::Running { .. }))
                | (JobState::Queued { .. } | JobState::Ended { .. }, _)
        );
        prop_assert!(!possible || !plan.report.is_empty(), "{:?}", case.job.state);
        if case.job.is_ended() {
            prop_assert_eq!(&plan.record, &case.job);
            prop_assert!(plan.actions.is_empty());
        }
    }

    #[test]
    fn a_running_script_is_not_given_up_while_it_cannot_be_seen(seed in any::<u64>()) {
        let mut case = case(seed);
        case.world.members = Observed::Unknown("the keeper is away".into());
        let unseen = case.cluster.is_some() && matches!(case.job.state, JobState::Running { .. });
        let plan = look_at(&case);
        prop_assert!(!unseen || case.job.attempts.is_empty() || plan.record == case.job, "{:?}", plan.record);
    }

    #[test]
    fn user_code_is_not_repeated_against_the_users_will(seed in any::<u64>()) {
        let case = case(seed);
        let plan = look_at(&case);
        let cancelled = case.job.cancel.is_some() && !matches!(case.job.state, JobState::Queued { .. });
        prop_assert!(!cancelled || !matches!(plan.record.state, JobState::Queued { .. }), "a cancelled job is tried again");
        let again = !matches!(case.job.state, JobState::Queued { .. }) && matches!(plan.record.state, JobState::Queued { .. });
        let reached = |attempt: &&AttemptRecord| {
            matches!(attempt.phase, AttemptPhase::Ended { started_at: Some(_), .. })
        };
        let tries = plan.record.attempts.iter().filter(reached).count() as u32;
        let again = again && plan.record.attempts.iter().next_back().is_some_and(|last| reached(&last));
        prop_assert!(!again || tries <= case.job.retry.max, "{tries} tries of {}", case.job.retry.max + 1);
    }
}

#[test]
fn names_of_scripts_hold_the_attempt() {
    let job = running();
    assert_eq!(member(&job), Some(Member::Job { job: job.id.clone(), attempt: 1 }));
}

/// A job with a limit on its own cluster of a scheduler and a worker that have run since `NOW`.
fn limited(limit: NanoDollars) -> (JobRecord, ClusterRecord, ClusterWorld) {
    let mut job = running();
    job.max_cost = Some(limit);
    let phase = MemberPhase::Running { started_at: NOW, pid: 1, ready_at: Some(NOW) };
    let mut cluster = ClusterRecord { job: Some(job.id.clone()), workers_wanted: 1, ..serving() };
    cluster.scheduler = Some(SchedulerRecord { phase: phase.clone(), address: None, dashboard_port: None });
    let slot = SlotRecord { attempt: 1, phase, failures: 0, last_death: None, preemptible: false, asked_at: None, unheard_since: None, retiring: None };
    cluster.slots.insert(0, slot);
    let worker = Member::Worker { slot: 0, attempt: 1 };
    let members = [(Member::Scheduler, runs(NOW, true)), (worker, runs(NOW, true)), (member(&job).unwrap(), runs(NOW, true))];
    (job, cluster, seen(members))
}

#[test]
fn a_job_ends_early_enough_not_to_cost_more_than_its_limit() {
    let hour = NanoDollars(2 * 234_236_000);
    let (job, cluster, world) = limited(hour);
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let early = look(&job, Some(&cluster), &world, at(60));
    assert!(early.actions.is_empty(), "{:?}", early.actions);
    let told = early.report.last().and_then(|reason| reason.next.clone()).unwrap();
    assert!(told.contains("of its limit of $0.4685 is left"), "{told}");
    let due = early.due.unwrap();
    let settings = Settings::default();
    let begins = at(3600) - super::ending_span(&settings);
    assert!(due <= begins && begins.since(due) < Duration::from_secs(1), "{due} {begins}");
    let late = look(&job, Some(&cluster), &world, begins + Duration::from_millis(500));
    assert!(matches!(late.actions.as_slice(), [Action::StopMember { ladder, .. }] if !ladder.is_empty()), "{:?}", late.actions);
    let end = look(&late.record, Some(&cluster), &script_ended(&job, &world), at(3599));
    let cause = end.record.attempt().unwrap().cause.clone().unwrap();
    assert_eq!((cause.code, outcome(&end)), (CauseCode::CostLimit, Some((Outcome::Failed, 143))));
}

#[test]
fn growth_that_is_granted_and_not_begun_ends_no_job() {
    let (job, cluster, world) = limited(NanoDollars(14_500_000));
    let mut cluster = ClusterRecord { workers_wanted: 4, ..cluster };
    (cluster.shape.workers_max, cluster.workers_desired) = (4, 4);
    let goes_on = |cluster: &ClusterRecord| look(&job, Some(cluster), &world, NOW + Duration::from_secs(1)).actions.is_empty();
    assert!(goes_on(&cluster), "the cluster gives it back");
    let fewest = ClusterRecord { shape: ClusterShape { workers_min: 4, workers_max: 5, ..cluster.shape.clone() }, ..cluster.clone() };
    assert!(!goes_on(&fewest), "the fewest come in any case");
    cluster.scaling.fixed = true;
    assert!(!goes_on(&cluster), "what somebody fixed comes as well");
}

fn script_ended(job: &JobRecord, world: &ClusterWorld) -> ClusterWorld {
    let mut world = world.clone();
    let Observed::Known(members) = &mut world.members else { unreachable!() };
    let mut view = ended(NOW, Exit::Signal(15));
    view.end.as_mut().unwrap().killed_by = Some(KilledBy::Stop { reason: "too dear".into() });
    members.insert(member(job).unwrap(), view);
    world
}

#[test]
fn a_limit_counts_all_attempts_and_pays_for_none_that_it_cannot() {
    let (mut job, cluster, world) = limited(NanoDollars(20_000_000));
    job.retry = RetryWish { max: 3, ..RetryWish::default() };
    let mut failed = world.clone();
    let Observed::Known(members) = &mut failed.members else { unreachable!() };
    members.insert(member(&job).unwrap(), ended(NOW, Exit::Code(1)));
    let again = look(&job, Some(&cluster), &failed, NOW + Duration::from_secs(70));
    assert!(matches!(again.record.state, JobState::Queued { .. }));
    assert!(again.record.spent > NanoDollars(9_000_000), "{:?}", again.record.spent);
    let over = look(&again.record, Some(&cluster), &world, NOW + Duration::from_secs(80));
    assert!(!over.record.is_ended(), "a minute of two machines is left");
    let dear = JobRecord { spent: NanoDollars(13_000_000), ..again.record };
    let over = look(&dear, Some(&cluster), &world, NOW + Duration::from_secs(80));
    assert_eq!(outcome(&over), Some((Outcome::Failed, 1)), "with the exit code of the last attempt");
    assert!(over.record.notices.iter().any(|notice| notice.contains("no other attempt")));
}

/// The same job on a cluster from none to two workers, of which none is there, and `tasks` that wait for one.
fn without_workers(limit: NanoDollars, tasks: u64) -> (JobRecord, ClusterRecord, ClusterWorld) {
    let (job, mut cluster, mut world) = limited(limit);
    (cluster.shape.workers_min, cluster.shape.workers_max) = (0, 2);
    cluster.slots.clear();
    (cluster.workers_wanted, cluster.workers_desired) = (0, 0);
    let tasks = TaskCounts { queued: tasks, ..TaskCounts::default() };
    world.dask = Some(DaskSnapshot { at: NOW, tasks, ..DaskSnapshot::default() });
    (job, cluster, world)
}

#[test]
fn a_job_whose_tasks_wait_for_a_worker_that_its_limit_does_not_pay_for_ends_soon() {
    let (begun, at) = (NOW + Duration::from_secs(1), NOW + Duration::from_secs(6));
    let ends = |limit, tasks| {
        let (job, cluster, world) = without_workers(NanoDollars(limit), tasks);
        let first = look(&job, Some(&cluster), &world, begun);
        assert!(first.actions.is_empty(), "one look is not enough: a script may take its tasks back");
        look(&first.record, Some(&cluster), &world, at)
    };
    // A minute of each machine costs 0.0039 dollars: this pays for the scheduler's and not for a worker's.
    let plan = ends(7_000_000, 9);
    assert!(matches!(plan.actions.as_slice(), [Action::StopMember { ladder, .. }] if !ladder.is_empty()), "{:?}", plan.actions);
    let Some(AttemptPhase::Running { stopping: Some(stop), .. }) = plan.record.attempt().map(|attempt| &attempt.phase) else {
        panic!("{:?}", plan.record.attempt());
    };
    assert_eq!(stop.cause.code, CauseCode::CostLimit);
    assert!(stop.cause.sentence.ends_with("it pays for no worker any more, and 9 tasks wait for one"), "{}", stop.cause.sentence);
    let goes_on = |plan: Plan<JobRecord>| plan.actions.is_empty() && plan.due.is_some_and(|due| due <= at + Duration::from_secs(1));
    assert!(goes_on(ends(7_000_000, 0)), "nothing waits, and it is looked at soon");
    assert!(ends(9_000_000, 9).actions.is_empty(), "a worker's minute is paid for");
    let (job, mut cluster, world) = without_workers(NanoDollars(7_000_000), 9);
    cluster.shape.on_demand = Some(0);
    let job = JobRecord { in_vain_since: Some(NOW), ..job };
    assert!(look(&job, Some(&cluster), &world, at).actions.is_empty(), "a preemptible worker's minute is paid for");
    let (job, mut cluster, world) = without_workers(NanoDollars(11_000_000), 9);
    cluster.slots = limited(NanoDollars(1)).1.slots;
    assert!(look(&job, Some(&cluster), &world, at).actions.is_empty(), "one is there");
}

/// `ends it in 47 s` was said at 21 s and again at 34 s: the first minute is paid for whatever happens.
#[test]
fn the_end_that_is_announced_within_the_first_minute_is_when_it_ends() {
    let (job, cluster, world) = limited(NanoDollars(14_500_000));
    let said = |seconds| {
        let plan = look(&job, Some(&cluster), &world, NOW + Duration::from_secs(seconds));
        (plan.due.unwrap().since(NOW).as_secs_f64(), plan.actions.len())
    };
    let ((early, _), (later, _)) = (said(1), said(20));
    assert!((early - later).abs() < 0.01, "{early}, {later}");
    let ends = early.ceil() as u64;
    assert!(ends > 60, "{ends}");
    assert_eq!((said(ends - 1).1, said(ends + 1).1), (0, 1));
}

#[test]
fn a_job_that_no_time_brings_on_says_so_in_front() {
    let (job, mut cluster, world) = without_workers(NanoDollars(0), 9);
    let job = JobRecord { max_cost: None, ..job };
    let head = |cluster: &ClusterRecord| look(&job, Some(cluster), &world, NOW).report[0].clone();
    assert!(head(&cluster).sentence.starts_with("its script runs as process"), "a worker comes");
    cluster.scaling.fixed = true;
    let reason = head(&cluster);
    assert_eq!(reason.code, ReasonCode::ScriptRunning);
    assert!(reason.sentence.starts_with("9 tasks wait for a worker, and its cluster is to have none"), "{}", reason.sentence);
    assert!(reason.next.unwrap().starts_with("`caddis cluster scale"));
    let limited = JobRecord { timeout_ms: Some(60_000), ..job.clone() };
    let next = look(&limited, Some(&cluster), &world, NOW).report[0].next.clone().unwrap();
    assert!(next.contains("caddis cluster scale") && next.contains("its time limit ends it in"), "{next}");
}
