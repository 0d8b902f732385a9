//! How long something has been so is counted from when it began, not from when its cluster did.

use super::*;

fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn since(plan: &Plan<ClusterRecord>, code: ReasonCode) -> Option<Timestamp> {
    plan.report.iter().find(|reason| reason.code == code).map(|reason| reason.since)
}

#[test]
fn a_number_that_somebody_fixed_is_as_old_as_their_word() {
    let (record, world) = holding(1, 3);
    let mut record = scaled_to_nothing(record);
    (record.scaling.fixed, record.scaling.said_at) = (true, Some(at(120)));
    let plan = look(&record, &world, at(122));
    assert_eq!(since(&plan, ReasonCode::FixedSize), Some(at(120)));
    assert_eq!(since(&plan, ReasonCode::DrainingWorker), Some(at(120)), "the last one stays for what it holds");
}

#[test]
fn a_use_is_as_old_as_its_beginning() {
    let (mut record, mut world) = holding(1, 0);
    let job = Member::Job { job: crate::arbitrary::plain_job().id, attempt: 1 };
    world.dask = Some(DaskSnapshot::default());
    record = look(&record, &world, at(10)).record;
    assert_eq!(record.used_since, None);
    let plan = look_with(&record, &world, None, std::slice::from_ref(&job), at(60));
    let plan = look_with(&plan.record, &world, None, &[job], at(63));
    assert_eq!(since(&plan, ReasonCode::InUse), Some(at(60)));
    let reason = plan.report.iter().find(|reason| reason.code == ReasonCode::InUse).unwrap();
    assert!(reason.sentence.starts_with("1 job, 0 clients, 0 unfinished tasks and 0 B"), "{}", reason.sentence);
    assert_eq!(look(&plan.record, &world, at(64)).record.used_since, None);
}

#[test]
fn a_cluster_serves_a_job_since_the_job_began() {
    let (record, world) = holding(1, 0);
    let mut job = crate::arbitrary::plain_job();
    let record = ClusterRecord { job: Some(job.id.clone()), ..record };
    let phase = crate::record::AttemptPhase::Running { started_at: at(9), pid: 8, stopping: None };
    job.attempts.push(crate::record::AttemptRecord { number: 1, cluster: record.id.clone(), phase, exit: None, cause: None });
    job.state = JobState::Running { since: at(9) };
    let plan = look_with(&record, &world, Some(&job), &[], at(12));
    assert_eq!(since(&plan, ReasonCode::ServingJob), Some(at(9)));
}

#[test]
fn workers_are_waited_for_since_the_first_of_them_was_asked_for() {
    let (mut record, world) = holding(1, 0);
    let asked_at = Some(at(40));
    let slot = SlotRecord { phase: MemberPhase::Intended { at: at(41) }, asked_at, ..SlotRecord::first(at(40), false) };
    record.slots.insert(1, slot);
    (record.shape.workers_max, record.shape.workers_min) = (2, 2);
    (record.workers_desired, record.workers_wanted, record.next_slot) = (2, 2, 2);
    let plan = look(&record, &world, at(42));
    assert_eq!(since(&plan, ReasonCode::WaitingForWorkers), Some(at(40)));
}
