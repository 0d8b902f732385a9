//! The cost of a job's own cluster, as far as the job's `--max-cost` pays for it: a worker costs a minute at least, and a
//! cluster that is kept after a failure goes on costing.

use std::time::Duration;

use caddis_types::{NanoDollars, Reason, ReasonCode, Timestamp};

use super::{ClusterInput, shortage};
use crate::job;
use crate::ledger;
use crate::plan::Plan;
use crate::prices::Role;
use crate::record::{ClusterRecord, ClusterState, JobRecord, StopWhy};
use crate::settings::Settings;
use crate::world::{ClusterWorld, Observed};

/// What its job may cost, and what is left of that when the cluster has ended. Nothing is concluded from a world that
/// cannot be seen.
fn standing(record: &ClusterRecord, input: &ClusterInput<'_>, now: Timestamp) -> Option<(NanoDollars, NanoDollars)> {
    left(record, input.job?, input.world, input.settings, now)
}

fn left(
    record: &ClusterRecord,
    job: &JobRecord,
    world: &ClusterWorld,
    settings: &Settings,
    now: Timestamp,
) -> Option<(NanoDollars, NanoDollars)> {
    let limit = job.max_cost?;
    let Observed::Known(members) = &world.members else { return None };
    let tariff = &settings.tariff;
    let foreseen = ledger::foresee(record, &job.id, Some(members), tariff, now, job::ending_span(settings));
    Some((limit, limit - foreseen.ended - job.spent))
}

/// Why a cluster that is kept to be looked at is not kept any longer.
pub(super) fn used_up(plan: &mut Plan<ClusterRecord>, input: &ClusterInput<'_>, now: Timestamp) -> Option<StopWhy> {
    plan.record.keep_until?;
    let (limit, left) = standing(&plan.record, input, now)?;
    if left < NanoDollars(0) {
        return Some(StopWhy::orderly(format!("its job's limit of {limit} pays for no more")));
    }
    plan.due_at(now + input.settings.heartbeat);
    None
}

/// The most workers that a job's limit pays for.
pub(super) struct Paid {
    /// How many.
    pub(super) workers: u32,
    limit: NanoDollars,
}

impl Paid {
    /// Why there are no more.
    pub(super) fn reason(&self, now: Timestamp) -> Reason {
        let limit = self.limit;
        let sentence = match self.workers {
            0 => format!("its job's limit of {limit} pays for no worker any more, not even for a minute"),
            1 => format!("its job's limit of {limit} pays for no more than 1 worker, for a minute at least"),
            workers => format!("its job's limit of {limit} pays for no more than {workers} workers, each for a minute at least"),
        };
        Reason::new(ReasonCode::FollowsLoad, sentence, now).next("a higher `--max-cost` of the next run lets it grow further")
    }
}

/// How many workers the limit pays for; what is there stays, and so does what was granted and has no slot yet, as far as it
/// is still paid for: the pool may have granted a wish of earlier. Those who decide on a size go by it, so that nobody
/// wishes for what is then taken back.
pub(super) fn most(record: &ClusterRecord, input: &ClusterInput<'_>, now: Timestamp) -> Option<Paid> {
    let (limit, left) = standing(record, input, now)?;
    // One that goes makes no room: who follows it is a new worker, and costs a minute of its own.
    let stay = record.slots.values().filter(|slot| slot.retiring.is_none()).count();
    let there = record.workers_wanted.max(stay as u32);
    let each = ledger::first_minutes(record, 1, &input.settings.tariff, now).0.max(1);
    let granted = ledger::granted(record);
    let more = (left.0 + each.saturating_mul(i64::from(granted))).max(0) / each;
    let more = u32::try_from(more).unwrap_or(u32::MAX);
    Some(Paid { workers: (there - granted).saturating_add(more), limit })
}

/// Whether a job's tasks would wait in vain for a worker: none is there or comes, and what is left of its limit pays for no
/// worker's next minute. Every second of waiting costs what a scheduler costs then, and brings nothing.
pub(crate) fn pays_for_nobody(
    record: &ClusterRecord,
    job: &JobRecord,
    world: &ClusterWorld,
    settings: &Settings,
    now: Timestamp,
) -> bool {
    let serves = matches!(record.state, ClusterState::Running { .. });
    // Tasks that no worker can run do not wait for money.
    let for_money = record.adapts() && record.shape.workers_min == 0 && record.scaling.memory.unhelped.is_none();
    let nobody = record.slots.is_empty() && record.workers_wanted == 0;
    if !serves || !for_money || !nobody {
        return false;
    }
    let role = if shortage::next_is_preemptible(record, now) { Role::Preemptible } else { Role::Worker };
    let minute = ledger::dearest(record, role, &settings.tariff, now).for_span(Duration::from_secs(60));
    left(record, job, world, settings, now).is_some_and(|(_, left)| left < minute)
}

/// How many tasks wait for a worker.
pub(crate) fn tasks_that_wait(world: &ClusterWorld) -> u64 {
    world.dask.as_ref().map_or(0, |dask| dask.tasks.queued + dask.tasks.no_worker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::{NOW, plain_cluster, plain_job, runs, seen};
    use crate::cluster::plan;
    use crate::record::{AttemptPhase, AttemptRecord, JobState, MemberPhase, SchedulerRecord, SlotRecord};
    use crate::world::Member;
    use caddis_types::dask::{DaskSnapshot, TaskCounts};

    /// A cluster of a scheduler and a worker that wished for four and was granted them.
    fn granted(job: &JobRecord) -> (ClusterRecord, ClusterWorld) {
        let phase = MemberPhase::Running { started_at: NOW, pid: 7, ready_at: Some(NOW) };
        let record = ClusterRecord {
            job: Some(job.id.clone()),
            state: ClusterState::Running { since: NOW },
            scheduler: Some(SchedulerRecord { phase: phase.clone(), address: None, dashboard_port: None }),
            slots: [(0, SlotRecord { phase, ..SlotRecord::first(NOW, false) })].into(),
            next_slot: 1,
            workers_desired: 4,
            workers_wanted: 4,
            ..plain_cluster(1, 4)
        };
        let attempt = record.slots[&0].attempt;
        let members = [(Member::Scheduler, runs(NOW, true)), (Member::Worker { slot: 0, attempt }, runs(NOW, true))];
        (record, seen(members))
    }

    /// Places for workers after a look under a limit, and how many the pool is asked to hold.
    fn places(limit: i64, dask: Option<DaskSnapshot>) -> (usize, u32) {
        let mut job = JobRecord { max_cost: Some(NanoDollars(limit)), state: JobState::Running { since: NOW }, ..plain_job() };
        let (record, world) = granted(&job);
        let phase = AttemptPhase::Running { started_at: NOW, pid: 8, stopping: None };
        job.attempts.push(AttemptRecord { number: 1, cluster: record.id.clone(), phase, exit: None, cause: None });
        let (world, settings) = (ClusterWorld { dask, ..world }, Settings::default());
        let input = ClusterInput { record: &record, world: &world, job: Some(&job), scripts: &[], victims: &[], settings: &settings };
        let plan = plan(&input, NOW + Duration::from_secs(1));
        (plan.record.slots.len(), plan.record.workers_wanted)
    }

    #[test]
    fn a_wish_of_earlier_is_given_back_where_the_limit_pays_for_it_no_more() {
        let tasks = TaskCounts { queued: 400, ..TaskCounts::default() };
        let busy = DaskSnapshot { at: NOW, tasks, queued_seconds: 4000.0, longest: 10.0, ..DaskSnapshot::default() };
        for dask in [Some(busy), None] {
            // A minute of each costs 0.0039 dollars.
            assert_eq!(places(100_000_000, dask.clone()), (4, 4), "all of them");
            assert_eq!(places(14_500_000, dask.clone()), (2, 2), "one more");
            assert_eq!(places(10_000_000, dask.clone()), (1, 1), "nobody else");
            assert_eq!(places(1, dask), (1, 1), "who is there is not sent away for it");
        }
    }

    /// What is said of the size where the maximum is four and the limit pays for fewer.
    #[test]
    fn a_range_that_the_limit_cut_is_not_said_to_be_the_maximum() {
        let tasks = TaskCounts { queued: 400, ..TaskCounts::default() };
        let busy = DaskSnapshot { at: NOW, tasks, queued_seconds: 4000.0, longest: 10.0, ..DaskSnapshot::default() };
        let said = |limit: i64| {
            let mut job = JobRecord { max_cost: Some(NanoDollars(limit)), state: JobState::Running { since: NOW }, ..plain_job() };
            let (record, world) = granted(&job);
            let phase = AttemptPhase::Running { started_at: NOW, pid: 8, stopping: None };
            job.attempts.push(AttemptRecord { number: 1, cluster: record.id.clone(), phase, exit: None, cause: None });
            let record = ClusterRecord { workers_desired: 1, workers_wanted: 1, ..record };
            let (world, settings) = (ClusterWorld { dask: Some(busy.clone()), ..world }, Settings::default());
            let input = ClusterInput { record: &record, world: &world, job: Some(&job), scripts: &[], victims: &[], settings: &settings };
            let plan = plan(&input, NOW + Duration::from_secs(1));
            plan.report.into_iter().filter(|reason| reason.code == ReasonCode::FollowsLoad).collect::<Vec<_>>()
        };
        let [size, limit] = said(10_000_000).try_into().unwrap();
        assert!(size.sentence.ends_with("more may not be asked for: its job's limit pays for no more"), "{}", size.sentence);
        assert!(size.next.unwrap().contains("--max-cost"));
        assert!(limit.sentence.contains("no more than 1 worker, for a minute"), "{}", limit.sentence);
    }

    #[test]
    fn what_was_granted_for_a_larger_maximum_is_given_back() {
        let (record, world) = granted(&plain_job());
        let record = ClusterRecord { job: None, workers_desired: 2, ..record };
        let settings = Settings::default();
        let input = ClusterInput { record: &record, world: &world, job: None, scripts: &[], victims: &[], settings: &settings };
        let plan = plan(&input, NOW + Duration::from_secs(1));
        assert_eq!((plan.record.slots.len(), plan.record.workers_wanted), (2, 2));
    }
}
