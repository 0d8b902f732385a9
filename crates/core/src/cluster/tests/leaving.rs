//! Workers that are taken away: what is asked for and when, and when they are ended.

use super::*;
use crate::cluster::preempt::{self, NOTICE};
use crate::diagnosis;

/// The deadlines of the drains that a plan asks for, in seconds; each must be for this worker, as one that is taken away.
fn drains(plan: &Plan<ClusterRecord>, member: &Member) -> Vec<u64> {
    let drain = |action: &Action| match action {
        Action::DrainWorkers { workers, deadline, why } => {
            assert_eq!((workers.as_slice(), *why), (&[member.to_string()][..], Leaving::Preempted));
            Some(deadline.as_secs())
        }
        _ => None,
    };
    plan.actions.iter().filter_map(drain).collect()
}

#[test]
fn a_notice_saves_the_data_at_once_and_ends_the_worker_at_its_time_and_not_before() {
    let (record, world) = holding(3, 2);
    let mut plan = Plan::keep(record);
    preempt::give_notice(&mut plan, 1, NOW);
    assert_eq!(plan.events.last().map(|event| event.kind.as_str()), Some("worker.preempted"));
    let (mut record, member) = (plan.record, Member::Worker { slot: 1, attempt: 1 });
    assert_eq!(NOTICE, Duration::from_secs(25));
    for millis in (0..25_000).step_by(250) {
        let plan = look(&record, &world, NOW + Duration::from_millis(millis));
        // Each time it is told how long tasks may still run; eight seconds are kept for the results of the last ones.
        let asked = if millis % 5000 == 0 { vec![17_u64.saturating_sub(millis / 1000)] } else { Vec::new() };
        assert_eq!(drains(&plan, &member), asked, "after {millis} ms");
        assert!(!plan.actions.iter().any(|action| matches!(action, Action::StopMember { .. })), "after {millis} ms");
        assert!(plan.due.is_some_and(|due| due <= NOW + NOTICE), "it is looked at when its time is over: {:?}", plan.due);
        record = plan.record;
    }
    let plan = look(&record, &world, NOW + NOTICE);
    let ends = |action: &Action| {
        matches!(action, Action::StopMember { member: ended, reason, ladder }
            if *ended == member && reason == diagnosis::PREEMPTED && ladder.is_empty())
    };
    assert!(plan.actions.iter().any(ends), "with results on it: {:?}", plan.actions);
    assert!(drains(&plan, &member).is_empty());
}
