//! Processes of which nothing is to be decided any more.

use crate::record::{AttemptPhase, ClusterRecord, JobRecord};
use crate::world::{Member, MemberView, Members};

/// The workers that have ended and that a record has left behind: their ends are in the ledger, and what follows them
/// has other names. A cluster that lives for weeks need not remember each. What ends with the cluster is cleaned then.
pub fn past_workers(record: &ClusterRecord, members: &Members) -> Vec<Member> {
    if record.state.is_ending() {
        return Vec::new();
    }
    let left_behind = |member: &Member| match member {
        Member::Worker { slot, attempt } => match record.slots.get(slot) {
            Some(slot) => slot.attempt > *attempt,
            None => *slot < record.next_slot,
        },
        Member::Scheduler | Member::Setup { .. } | Member::Job { .. } => false,
    };
    ended(members).filter(|member| left_behind(member)).cloned().collect()
}

/// The same of a job's scripts, on a cluster that outlives it.
pub fn past_scripts(job: &JobRecord, cluster: &ClusterRecord, members: &Members) -> Vec<Member> {
    if cluster.job.is_some() || cluster.state.is_ending() {
        return Vec::new();
    }
    let over = |number: u32| {
        let attempt = job.attempts.iter().find(|attempt| attempt.number == number && attempt.cluster == cluster.id);
        attempt.is_some_and(|attempt| matches!(attempt.phase, AttemptPhase::Ended { .. }))
    };
    let left_behind = |member: &Member| matches!(member, Member::Job { job: of, attempt } if *of == job.id && over(*attempt));
    ended(members).filter(|member| left_behind(member)).cloned().collect()
}

fn ended(members: &Members) -> impl Iterator<Item = &Member> {
    let over = |(_, view): &(&Member, &MemberView)| view.end.is_some();
    members.iter().filter(over).map(|(member, _)| member)
}

#[cfg(test)]
mod tests {
    use caddis_types::Timestamp;

    use super::*;
    use crate::arbitrary::{self, plain_cluster, plain_job, runs};
    use crate::record::{AttemptRecord, ClusterState, MemberPhase, SlotRecord};
    use crate::world::Exit;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn ended() -> MemberView {
        arbitrary::ended(NOW, Exit::Code(0))
    }

    fn worker(slot: u32, attempt: u32) -> Member {
        Member::Worker { slot, attempt }
    }

    #[test]
    fn only_what_has_ended_and_was_left_behind_is_past() {
        let phase = MemberPhase::Running { started_at: NOW, pid: 1, ready_at: None };
        let slot = SlotRecord { attempt: 3, phase, asked_at: None, failures: 0, last_death: None, preemptible: false, unheard_since: None, retiring: None };
        let mut record = ClusterRecord {
            state: ClusterState::Running { since: NOW },
            slots: [(1, slot)].into_iter().collect(),
            next_slot: 2,
            ..plain_cluster(1, 2)
        };
        let members: Members = [
            (Member::Scheduler, ended()),
            (worker(0, 1), ended()),
            (worker(1, 1), runs(NOW, true)),
            (worker(1, 2), ended()),
            (worker(1, 3), ended()),
            // A slot that this record has not taken in yet.
            (worker(2, 1), ended()),
        ]
        .into_iter()
        .collect();
        assert_eq!(past_workers(&record, &members), [worker(0, 1), worker(1, 2)]);
        record.state = ClusterState::Stopping {
            since: NOW,
            why: crate::record::StopWhy::orderly("over"),
            closing_at: None,
            purged_at: None,
        };
        assert_eq!(past_workers(&record, &members), [], "it is cleaned as a whole");
    }

    #[test]
    fn of_a_job_only_attempts_that_its_record_has_seen_end_are_past() {
        let cluster = ClusterRecord { state: ClusterState::Running { since: NOW }, ..plain_cluster(1, 1) };
        let attempt = |number, phase| AttemptRecord { number, cluster: cluster.id.clone(), phase, exit: None, cause: None };
        let over = AttemptPhase::Ended { started_at: Some(NOW), at: NOW };
        let mut job = plain_job();
        job.attempts = vec![attempt(1, over), attempt(2, AttemptPhase::Intended { at: NOW })];
        let script = |attempt| Member::Job { job: job.id.clone(), attempt };
        let members: Members = [(script(1), ended()), (script(2), ended())].into_iter().collect();
        assert_eq!(past_scripts(&job, &cluster, &members), [script(1)]);
        let own = ClusterRecord { job: Some(job.id.clone()), ..cluster };
        assert_eq!(past_scripts(&job, &own, &members), [], "it ends with its job");
    }
}
